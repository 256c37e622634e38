export { Deque } from './collections/deque.js';
export { Batcher, type BatcherOptions } from './concurrency/batcher.js';
export { type Deferred, deferred } from './concurrency/deferred.js';
export { ConfigurationError, CtqError, type CtqErrorOptions } from './errors/ctq-error.js';
export { toError } from './errors/to-error.js';
export { Deadline } from './lifecycle/deadline.js';
export type { Service } from './lifecycle/service.js';
export { type ServiceGroup, serviceGroup } from './lifecycle/service-group.js';
export { ServiceStoppedError } from './lifecycle/service-stopped-error.js';
export {
  createLogger,
  type Logger,
  type LogLevel,
  type LogMethod,
  type LogRecord,
  logLevels,
  silentLogger,
} from './logging/logger.js';
export { assertKnownOptions, camelCaseOptions } from './options/known-options.js';
export { OptionReader } from './options/option-reader.js';
export { globPattern } from './text/glob-pattern.js';
export { nearestName } from './text/nearest-name.js';
export { type BackoffOptions, backoffMs } from './time/backoff.js';
export { type Clock, systemClock, type Timer } from './time/clock.js';
export { type Duration, type DurationUnit, durationMs, formatDuration } from './time/duration.js';
export { VirtualClock } from './time/virtual-clock.js';
export {
  type CeleryTlsOptions,
  celeryTlsNames,
  type NodeTlsOptions,
  nodeTlsOptions,
  type TlsConfig,
  tlsConfig,
  type TlsOptions,
} from './tls/tls-options.js';
