import { type Deferred, deferred } from '../concurrency/deferred.js';
import { toError } from '../errors/to-error.js';
import type { Deadline } from './deadline.js';
import type { Service } from './service.js';
import { ServiceStoppedError } from './service-stopped-error.js';

/** Services that live together: started in order, stopped in reverse, failed when one of them fails. */
export interface ServiceGroup extends Service {
  readonly services: readonly Service[];
}

/**
 * Makes one service of several. `start` starts them one after the other; when one cannot start, or one that was started
 * dies meanwhile, those before it are stopped again, within `rollbackDeadline`, and its error is thrown. `stop` stops in
 * reverse order under one deadline; a service that fails to stop, or does not end by the deadline, does not keep the others
 * running, and the failures are thrown together as an `AggregateError` at the end.
 */
export function serviceGroup(
  name: string,
  services: readonly Service[],
  rollbackDeadline: () => Deadline,
): ServiceGroup {
  return new OrderedGroup(name, services, rollbackDeadline);
}

class OrderedGroup implements ServiceGroup {
  readonly name: string;
  readonly services: readonly Service[];
  readonly #rollbackDeadline: () => Deadline;
  readonly #failed: Deferred<Error> = deferred<Error>();
  /** Aborted by the first thing that ends a pending start from inside: a stop, or the death of a service. */
  readonly #giveUp: AbortController = new AbortController();
  #starting: Promise<void> | undefined;
  #isStarted = false;
  #stopDeadline: Deadline | undefined;

  constructor(name: string, services: readonly Service[], rollbackDeadline: () => Deadline) {
    this.name = name;
    this.services = [...services];
    this.#rollbackDeadline = rollbackDeadline;
  }

  get failed(): Promise<Error> {
    return this.#failed.promise;
  }

  start(signal: AbortSignal): Promise<void> {
    if (this.#stopDeadline !== undefined) return Promise.reject(new ServiceStoppedError(this.name));
    this.#starting ??= this.#startInOrder(AbortSignal.any([signal, this.#giveUp.signal]));
    return this.#starting;
  }

  async stop(deadline: Deadline): Promise<void> {
    this.#stopDeadline = deadline;
    if (!this.#isStarted) this.#giveUp.abort(new ServiceStoppedError(this.name));
    // Each call goes through the services itself, so that a second one with an earlier deadline is not held by the first.
    const failures = await stopInReverse(this.services, deadline);
    const startEnded = this.#starting?.catch(() => undefined) ?? Promise.resolve();
    if (!(await endsBy(deadline, startEnded)))
      failures.push(new Error(`${this.name}: its start did not give up by the deadline.`));
    if (failures.length > 0)
      throw new AggregateError(failures, `${this.name}: ${failures.length} service(s) did not stop cleanly.`);
  }

  async #startInOrder(signal: AbortSignal): Promise<void> {
    const begun: Service[] = [];
    try {
      for (const service of this.services) {
        signal.throwIfAborted();
        begun.push(service);
        await unlessAborted(service.start(signal), signal);
        this.#watch(service);
      }
      signal.throwIfAborted();
      this.#isStarted = true;
    } catch (error) {
      // The error of the start tells more than those of its rollback, which are dropped.
      await stopInReverse(begun, this.#stopDeadline ?? this.#rollbackDeadline());
      throw error;
    }
  }

  #watch(service: Service): void {
    const onDeath = (reason: unknown): void => {
      // One that breaks while it is stopped has not died by itself.
      if (this.#stopDeadline !== undefined) return;
      if (this.#isStarted) this.#failed.resolve(toError(reason));
      else this.#giveUp.abort(toError(reason));
    };
    // `failed` never rejects by contract; where it does, that is a failure too and not an unhandled rejection.
    void service.failed.then(onDeath, onDeath);
  }
}

/** Stops all of them, the last one first, and returns what went wrong. */
async function stopInReverse(services: readonly Service[], deadline: Deadline): Promise<Error[]> {
  const failures: Error[] = [];
  for (const service of services.toReversed()) {
    try {
      if (!(await endsBy(deadline, service.stop(deadline))))
        failures.push(new Error(`${service.name} did not stop by the deadline.`));
    } catch (error) {
      failures.push(toError(error));
    }
  }
  return failures;
}

/**
 * `deadline.wait` with some patience: the one waited for gives up at that very instant, and so do those it waits for in
 * turn; each of them needs a turn of the event loop to say so.
 */
async function endsBy(deadline: Deadline, work: Promise<unknown>): Promise<boolean> {
  const turns = 16;
  for (let turn = 0; turn < turns; turn += 1) {
    if (await deadline.wait(work)) return true;
  }
  return false;
}

/** Rejects with the signal's reason as soon as it is aborted, whether or not the work takes notice. */
function unlessAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  const aborted = deferred<never>();
  const onAbort = (): void => aborted.reject(signal.reason);
  // The call that made `work` may have stopped the group by itself.
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });
  return Promise.race([work, aborted.promise]).finally(() => signal.removeEventListener('abort', onAbort));
}
