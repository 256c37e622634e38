import { VirtualClock } from '@ctq/runtime';
import { describe, expect, it } from 'vitest';
import { MaxRetriesExceededError } from '../errors/task-errors.js';
import { Ignore, Retry } from './directives.js';
import { autoRetryCountdown, isRetriedByItself, nextAttempt } from './retry-policy.js';

const clock = new VirtualClock(Date.UTC(2030, 0, 1));
const attempt = (retries: number) => ({ task: 'add', id: 'a', retries });

class NetworkError extends Error {}
class DnsError extends NetworkError {}

describe('the next attempt', () => {
  it("waits for the countdown, else the task's delay, else three minutes [TR-037, TR-136]", () => {
    expect(nextAttempt(attempt(0), {}, { countdown: 10 }, clock).dueAt).toBe(clock.now() + 10_000);
    expect(nextAttempt(attempt(0), { defaultRetryDelay: '5s' }, {}, clock).dueAt).toBe(clock.now() + 5_000);
    expect(nextAttempt(attempt(0), {}, {}, clock).dueAt).toBe(clock.now() + 180_000);
    expect(nextAttempt(attempt(0), {}, { eta: new Date(5) }, clock).dueAt).toBe(5);
  });

  it('comes at once with a countdown of 0 [TR-136]', () => {
    expect(nextAttempt(attempt(0), {}, { countdown: 0 }, clock).dueAt).toBeUndefined();
  });

  it('is refused after max retries with the given error, else MaxRetriesExceededError [TR-036, TR-137, TR-152]', () => {
    const error = new Error('why');
    expect(nextAttempt(attempt(2), {}, { error }, clock).error).toBe(error);
    expect(() => nextAttempt(attempt(3), {}, { error }, clock)).toThrow(error);
    expect(() => nextAttempt(attempt(3), {}, {}, clock)).toThrow(MaxRetriesExceededError);
    expect(() => nextAttempt(attempt(0), { maxRetries: 0 }, {}, clock)).toThrow(MaxRetriesExceededError);
  });

  it('has no end with max retries null, and the call decides over the task [TR-036, TR-138]', () => {
    expect(nextAttempt(attempt(1_000), { maxRetries: null }, {}, clock).directive).toBe('retry');
    expect(nextAttempt(attempt(5), { maxRetries: 1 }, { maxRetries: 6 }, clock).directive).toBe('retry');
  });

  it("says when and why in Celery's words [TR-145, TR-147]", () => {
    expect(nextAttempt(attempt(0), {}, { countdown: 3, error: new TypeError('no') }, clock).message).toBe(
      "Retry in 3s: TypeError('no')",
    );
    expect(nextAttempt(attempt(0), {}, { eta: new Date(clock.now()), error: new RangeError() }, clock).message).toBe(
      'Retry at 2030-01-01T00:00:00.000Z: RangeError()',
    );
    expect(nextAttempt(attempt(0), {}, { countdown: '1m' }, clock).message).toBe('Retry in 60s');
  });
});

describe('automatic retries', () => {
  it('are for the listed errors and their subclasses, less the exceptions [TR-061, TR-143]', () => {
    const task = { autoretryFor: [NetworkError], dontAutoretryFor: [DnsError] };
    expect(isRetriedByItself(task, new NetworkError('x'))).toBe(true);
    expect(isRetriedByItself(task, new DnsError('x'))).toBe(false);
    expect(isRetriedByItself(task, new Error('x'))).toBe(false);
    for (const directive of [new Ignore(), new Retry({})])
      expect(isRetriedByItself({ autoretryFor: [Error] }, directive)).toBe(false);
  });

  it('back off exponentially to the cap, by whole seconds [TR-063, TR-064, TR-144]', () => {
    const task = { retryBackoff: 2, retryBackoffMax: 20, retryJitter: false };
    expect([0, 1, 2, 3, 4].map((retries) => autoRetryCountdown(task, retries))).toEqual([2, 4, 8, 16, 20]);
    expect(autoRetryCountdown({ retryBackoff: true, retryJitter: false }, 20)).toBe(600);
    expect(autoRetryCountdown({}, 3)).toBeUndefined();
  });

  it('are spread between 0 and the value by jitter [TR-065, TR-144]', () => {
    expect(autoRetryCountdown({ retryBackoff: 10 }, 0, () => 0.999)).toBe(10);
    expect(autoRetryCountdown({ retryBackoff: 10 }, 0, () => 0.5)).toBe(5);
    expect(autoRetryCountdown({ retryBackoff: 10 }, 0, () => 0)).toBe(0);
  });
});
