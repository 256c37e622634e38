import { Ctq, currentTask } from '@ctq/core';

export const app = new Ctq('shop');

export const add = app.task('add', (x: number, y: number) => x + y);
export const label = app.task('label', (n: number) => `n = ${n}`);
export const total = app.task('total', (numbers: readonly number[]) => numbers.length);
export const count = app.task('count', (words: readonly string[]) => new Map(words.map((word) => [word, 1])));
export const report = app.task('report', (failedId: string) => `${failedId} failed in ${currentTask()?.request.id}`);

/** Any Standard Schema will do: of zod, valibot, arktype. */
const order = {
  '~standard': {
    version: 1 as const,
    vendor: 'shop',
    types: undefined as { input: { article: string; amount?: number }; output: { article: string } } | undefined,
    validate: (value: unknown) => ({ value: value as { article: string } }),
  },
};
export const sell = app.task('sell', { schema: order }, ({ article }) => article);
