import type { Clock, Logger } from '@ctq/runtime';
import { cachingBackend } from '../backend/caching-backend.js';
import { memoryBackend } from '../backend/memory-backend.js';
import type { ResultBackend } from '../backend/result-backend.js';
import { retryingBackend } from '../backend/retrying-backend.js';
import type { Settings } from '../config/settings.js';

export interface AppBackendOptions {
  readonly settings: Settings;
  /** The backend that the app was given or that its settings name. */
  readonly configured: () => Promise<ResultBackend>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * The backend of an app. Outcomes of calls that run in place are in the memory of the process, and in the configured backend only with
 * `taskStoreEagerResult`: a test must not fill a store that others read.
 */
export async function appBackend({ settings, configured, clock, logger }: AppBackendOptions): Promise<ResultBackend> {
  if (settings.taskAlwaysEager && !settings.taskStoreEagerResult) return memoryBackend();
  const retried = withRetries(await configured(), settings, { clock, logger });
  const { resultCacheMax } = settings;
  if (resultCacheMax === -1) return retried;
  return cachingBackend(
    retried,
    resultCacheMax === undefined || resultCacheMax === 0 ? Number.POSITIVE_INFINITY : resultCacheMax,
  );
}

function withRetries(
  backend: ResultBackend,
  settings: Settings,
  lent: { readonly clock: Clock; readonly logger: Logger },
): ResultBackend {
  if (!settings.resultBackendAlwaysRetry) return backend;
  const policy = {
    maxRetries: settings.resultBackendMaxRetries,
    firstMs: settings.resultBackendBaseSleepBetweenRetriesMs,
    maxMs: settings.resultBackendMaxSleepBetweenRetriesMs,
  };
  return retryingBackend(backend, policy, lent);
}
