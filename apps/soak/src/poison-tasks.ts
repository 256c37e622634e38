import { Ctq } from '@ctq/core';

/** Tasks of which one kills its worker; broker and results come from the environment. */
export const app = new Ctq('poison');

/** Held by the worker while its neighbour ends the process. */
export const neighbour = app.task('poison.neighbour', async (n: number) => {
  await new Promise((resolve) => setTimeout(resolve, 50));
  return n;
});

/** kill -9. */
export const deadly = app.task('poison.deadly', async (): Promise<number> => {
  process.kill(process.pid, 'SIGKILL');
  return await new Promise(() => undefined);
});

export const sum = app.task('poison.sum', (all: number[]) => all.reduce((a, b) => a + b, 0));
