import type { Deadline } from './deadline.js';

/**
 * Something that runs between a start and a stop: a consumer, a pool, a heartbeat, a keeper thread. The worker is an
 * ordered list of services (Celery's bootsteps, with the order written down instead of computed).
 *
 * The rules, checked for every service by the stress kit (`@ctq/runtime/conformance`):
 * 1. `start` resolves when the service is ready, or rejects having cleaned up after itself. Aborting `signal` or calling
 *    `stop` makes a pending start give up; an abort is rejected with the signal's reason, unchanged. Once the service is
 *    ready the signal means nothing any more.
 * 2. `stop` resolves when nothing of the service is left running, a pending start included. It may be called before, during
 *    and after `start`, twice and concurrently, and no call takes longer than its own deadline: what cannot be finished by
 *    then is abandoned, not awaited. So a second stop with an earlier deadline cuts the first one short (Ctrl-C, twice).
 * 3. `failed` resolves (never rejects) with the error when the service dies by itself after it was started. A start that
 *    rejects and a service that is stopped have not failed: it stays pending.
 * 4. A stopped service may not be started again (`start` rejects, best with a `ServiceStoppedError`); make a new one.
 */
export interface Service {
  readonly name: string;
  readonly failed: Promise<Error>;
  start(signal: AbortSignal): Promise<void>;
  stop(deadline: Deadline): Promise<void>;
}
