import { Ctq } from '@ctq/core';
import { createLogger } from '@ctq/runtime';

/** What a worker says goes where the program wants it; a pino instance would do as well. */
const logger = createLogger(({ level, message }) => {
  if (level !== 'debug') console.log(`${level}: ${message}`);
});

/** Broker and results by CTQ_BROKER_URL and CTQ_RESULT_BACKEND, else in the embedded file. */
export const app = new Ctq('thumbnails', { logger });

export const resize = app.task('thumbnails.resize', { bind: true }, async (ctx, image: string, width: number) => {
  await ctx.updateState('PROGRESS', { done: 0, of: width });
  return `${image}@${width}`;
});
