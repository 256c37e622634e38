import { defaultPublishRetryPolicy, type PublishRetryPolicy } from './producer.js';

/**
 * Milliseconds to wait before a retry; `retries` counts those made before, from 0. Kombu's arithmetic (kombu 5.6 utils/functional.py,
 * retry_over_time and fxrange): `start, start + step, …`, the last value that is not above `max + start` again and again.
 */
export function publishRetryMs(policy: PublishRetryPolicy, retries: number): number {
  const { intervalStart, intervalStep, intervalMax } = { ...defaultPublishRetryPolicy, ...policy };
  // A whole number of steps may come out a hair below it: 0.3 / 0.1 is 2.9999999999999996.
  const steps = intervalStep > 0 ? Math.min(retries, Math.floor(intervalMax / intervalStep + 1e-9)) : 0;
  return Math.round((intervalStart + intervalStep * steps) * 1_000);
}
