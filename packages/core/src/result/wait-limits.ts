import { type Clock, durationMs } from '@ctq/runtime';
import { assertWillNotBlock } from '../execute/current-task.js';
import type { WaitForOptions, WatchOptions } from './result-handle.js';

/** Celery's (celery 5.6 result.py, AsyncResult.get). */
const defaultIntervalMs = 500;

export function intervalMsOf({ interval }: WaitForOptions): number {
  return interval === undefined ? defaultIntervalMs : Math.max(durationMs(interval), 1);
}

/** How many states a loop may be behind. */
const defaultBuffer = 100;

export function bufferOf({ buffer = defaultBuffer }: WatchOptions): number {
  return Math.max(buffer, 1);
}

export function timeoutMsOf({ timeout }: WaitForOptions): number | undefined {
  return timeout === undefined ? undefined : durationMs(timeout);
}

/** @throws SyncSubtaskError inside of a task, unless it is allowed. */
export function assertMayWait({ disableSyncSubtasks }: WaitForOptions): void {
  if (disableSyncSubtasks !== false) assertWillNotBlock();
}

/** What ends a wait from outside, each with the error that it ends with. Returns the function that takes them away. */
export function limitWait(
  clock: Clock,
  options: WaitForOptions,
  end: (error: unknown) => void,
  timeoutError: (timeoutMs: number) => Error,
): () => void {
  const { signal } = options;
  if (signal?.aborted === true) {
    end(signal.reason);
    return () => undefined;
  }
  const onAbort = (): void => end(signal?.reason);
  signal?.addEventListener('abort', onAbort, { once: true });
  const timeoutMs = timeoutMsOf(options);
  const timer = timeoutMs === undefined ? undefined : clock.setTimer(() => end(timeoutError(timeoutMs)), timeoutMs);
  const stopTicking = tick(clock, options, end);
  return () => {
    signal?.removeEventListener('abort', onAbort);
    timer?.cancel();
    stopTicking();
  };
}

/** Calls `onInterval` until it is stopped, or throws. */
export function tick(clock: Clock, options: WaitForOptions, end: (error: unknown) => void): () => void {
  const { onInterval } = options;
  if (onInterval === undefined) return () => undefined;
  const intervalMs = intervalMsOf(options);
  const next = (): void => {
    try {
      onInterval();
    } catch (error) {
      end(error);
      return;
    }
    timer = clock.setTimer(next, intervalMs);
  };
  let timer = clock.setTimer(next, intervalMs);
  return () => timer.cancel();
}
