/** A timer that was set; `cancel` may be called at any time and more than once. */
export interface Timer {
  cancel(): void;
}

/**
 * The only way in which ctq reads or awaits time, so that tests run on a {@link VirtualClock} and never sleep.
 */
export interface Clock {
  /** Milliseconds since the epoch. May jump when the host's clock is set. */
  now(): number;
  /** Milliseconds that only ever grow; for measuring and for deadlines. */
  monotonic(): number;
  /**
   * Calls `callback` once when `delayMs` of monotonic time have passed, never earlier and never before this call returns.
   * Zero and less mean the next turn, `Infinity` never. `background` timers do not keep the process alive.
   * @throws TypeError when `delayMs` is NaN, which would otherwise be a busy loop somewhere.
   */
  setTimer(callback: () => void, delayMs: number, options?: { readonly background?: boolean }): Timer;
  /** Resolves after `delayMs`; rejects with the signal's reason when it is aborted first. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>;
}

/** Node's own timers hold 2^31-1 ms (24.8 days) and fire at once above; longer waits are made of several. */
const longestTimerMs = 2 ** 31 - 1;

/** Refuses a delay that is not a number, for every clock. */
export function checkDelay(delayMs: number): void {
  if (Number.isNaN(delayMs)) throw new TypeError('A timer needs a delay in milliseconds, not NaN.');
}

/** Sleeping, written once over `setTimer`. */
export function sleepOn(clock: Pick<Clock, 'setTimer'>, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    const onAbort = (): void => {
      timer.cancel();
      reject(signal?.reason);
    };
    const timer = clock.setTimer(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    }, delayMs);
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

/** The host's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimer(callback, delayMs, options) {
    checkDelay(delayMs);
    const dueAt = performance.now() + delayMs;
    let handle: NodeJS.Timeout;
    const arm = (remainingMs: number): void => {
      // Rounded up: Node drops the fraction of a delay and may fire up to a millisecond early as `performance.now` sees it.
      const stepMs = Math.min(Math.max(Math.ceil(remainingMs), 0), longestTimerMs);
      handle = setTimeout(onTimeout, stepMs);
      if (options?.background) handle.unref();
    };
    const onTimeout = (): void => {
      const remainingMs = dueAt - performance.now();
      if (remainingMs > 0) arm(remainingMs);
      else callback();
    };
    arm(delayMs);
    return { cancel: () => clearTimeout(handle) };
  },
  sleep(delayMs, signal) {
    return sleepOn(systemClock, delayMs, signal);
  },
};
