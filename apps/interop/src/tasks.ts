import { Ctq } from '@ctq/core';
import { Redis } from 'ioredis';

/** The TypeScript side in a process of its own (`ctq -A tasks worker`); broker and results come from the environment. */
export const app = new Ctq('recovery');

/** Held for good where the test wants to end the worker; elsewhere it says who executed it. The counterpart is in `tasks.py`. */
export const hold = app.task('shared.hold', { bind: true }, async (ctx, language: string) => {
  const journal = new Redis(process.env['CTQ_RESULT_BACKEND'] ?? '');
  await journal.incr(`executed:${ctx.request.id}`);
  journal.disconnect();
  if (language === 'typescript') await new Promise<never>(() => undefined);
  return ['typescript', ctx.request.deliveryInfo?.redelivered];
});
