import { setTimeout as sleep } from 'node:timers/promises';
import { type AppOptions, Ctq } from '@ctq/core';
import { burn, hang, stamp } from './work.js';

/** ctq with the tasks of the comparison. */
export function ctqApp(options: AppOptions = {}): Ctq {
  const made = new Ctq('bench', options);
  const ignoreResult = true;
  const limit = { concurrency: 10, key: (x: number) => String(x) };
  made.task('add', (x: number, y: number) => x + y);
  made.task('forget', { ignoreResult }, (x: number, y: number) => x + y);
  made.task('limited', { ignoreResult, limit }, (x: number, y: number) => x + y);
  made.task('wait', { ignoreResult }, async (ms: number) => {
    await sleep(ms);
  });
  made.task('burn', { ignoreResult }, burn);
  made.task('stamp', stamp);
  made.task('hang', { ignoreResult, timeLimit: '100ms' }, hang);
  return made;
}

/** Loaded by the worker and its slots; broker and results come from the environment. */
export const app = ctqApp();
