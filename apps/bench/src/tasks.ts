import { Ctq } from '@ctq/core';

/** Loaded by the workers and clients of the multi-process scenarios; broker and results come from the environment. */
export const app = new Ctq('bench');

export const add = app.task('bench.add', (x: number, y: number) => x + y);
