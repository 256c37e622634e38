export {
  type DescribedCommand,
  positionalArguments,
  positionalNames,
  workerCommands,
} from './control/described-commands.js';
export { banner, type BannerOptions } from './report/banner.js';
export type { WorkerInfo } from './report/worker-info.js';
export { nodeFormat, nodeName } from './node-name.js';
export { SlotStartError } from './pool/slots/slot-start-error.js';
export { ConnectionLostError, WorkerShutdownError } from './shutdown.js';
export { Worker } from './worker.js';
export type { AutoscaleRange } from './pool/autoscaler.js';
export type { WorkerOptions, WorkerStopOptions, WorkerTerminateOptions } from './worker-options.js';
export type { HealthOptions } from './health/health-server.js';
export { type RunningTaskStatus, statusText, type WorkerPhase, type WorkerStatus } from './report/worker-status.js';
