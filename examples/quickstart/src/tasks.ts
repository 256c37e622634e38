import { Ctq } from '@ctq/core';

/** Client and worker load this module, and find each other by the broker that it names or, as here, by the embedded file. */
export const app = new Ctq('shop');

export const add = app.task('add', (x: number, y: number) => x + y);

export const total = app.task('total', (numbers: readonly number[]) => numbers.reduce((sum, one) => sum + one, 0));

/** Does not answer at first, as services do: two attempts fail, the third one succeeds. */
export const price = app.task(
  'price',
  { bind: true, autoretryFor: [Error], maxRetries: 5, defaultRetryDelay: '100ms' },
  (ctx, article: string) => {
    if (ctx.request.retries < 2) throw new Error('The price service does not answer.');
    return { article, cents: 250, attempts: ctx.request.retries + 1 };
  },
);
