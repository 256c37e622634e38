import type { Service, ServiceName } from './service.js';
import { startService } from './start-service.js';

/** The servers that were asked for and could be had; `missing` names the others. */
export interface Services extends AsyncDisposable {
  readonly redis?: Service;
  readonly amqp?: Service;
  readonly postgres?: Service;
  readonly missing: readonly ServiceName[];
  /** Stops what was started here. Calling it again awaits the same end. */
  stop(): Promise<void>;
}

/**
 * Starts private servers in parallel, each on a free port in a folder of its own.
 *
 * When one fails to start, or `signal` aborts, those that did start are stopped before this rejects.
 */
export async function startServices(
  wanted: Readonly<Partial<Record<ServiceName, boolean>>>,
  { signal }: { signal?: AbortSignal } = {},
): Promise<Services> {
  const names = (Object.keys(wanted) as ServiceName[]).filter((name) => wanted[name]);
  const outcomes = await Promise.allSettled(names.map((name) => startService(name, signal)));

  const started = new Map<ServiceName, Service>();
  const missing: ServiceName[] = [];
  const failures: unknown[] = [];
  outcomes.forEach((outcome, index) => {
    const name = names[index] as ServiceName;
    if (outcome.status === 'rejected') failures.push(outcome.reason);
    else if (outcome.value === undefined) missing.push(name);
    else started.set(name, outcome.value);
  });

  const stop = async (): Promise<void> => {
    await Promise.all([...started.values()].map((service) => service.stop()));
  };
  if (failures.length > 0) {
    await stop();
    throw failures.length === 1 ? failures[0] : new AggregateError(failures, 'Several services did not start');
  }
  return { ...Object.fromEntries(started), missing, stop, [Symbol.asyncDispose]: stop };
}
