import type { Logger } from '@ctq/runtime';

const hostsRemembered = 1_000;

/** Warns, once of each host, that its clock is not ours (celery 5.6 events/state.py, _warn_drift). */
export class DriftWatch {
  readonly #logger: Logger;
  readonly #warned = new Set<string>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** All in seconds. */
  warn(hostname: string, drift: number, receivedAt: number, sentAt: number): void {
    if (this.#warned.has(hostname)) return;
    const [first] = this.#warned;
    if (this.#warned.size >= hostsRemembered && first !== undefined) this.#warned.delete(first);
    this.#warned.add(hostname);
    this.#logger.warn(
      { hostname, drift },
      `Substantial drift from ${hostname} may mean clocks are out of sync.  Current drift is ${drift} seconds.  [orig: ${shown(receivedAt)} recv: ${shown(sentAt)}]`,
    );
  }
}

/** Whatever an event says, it can be shown. */
function shown(seconds: number): string {
  const at = new Date(seconds * 1_000);
  return Number.isNaN(at.getTime()) ? String(seconds) : at.toISOString();
}
