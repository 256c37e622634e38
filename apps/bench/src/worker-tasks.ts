import { setTimeout as sleep } from 'node:timers/promises';
import { Ctq } from '@ctq/core';

/** Where its broker is, the bench says. */
export const app = new Ctq('bench', { broker: 'memory://', backend: 'memory://' });

export const add = app.task('add', (x: number, y: number) => x + y);
export const forgotten = app.task('forgotten', { ignoreResult: true }, (x: number, y: number) => x + y);
export const wait = app.task('wait', { ignoreResult: true }, async (ms: number) => {
  await sleep(ms);
});
export const spin = app.task('spin', { ignoreResult: true }, (ms: number) => {
  const until = performance.now() + ms;
  while (performance.now() < until);
});
export const endless = app.task('endless', { timeLimit: '100ms' }, (): number => {
  for (;;);
});
