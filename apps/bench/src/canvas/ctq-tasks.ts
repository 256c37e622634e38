import { type AppOptions, Ctq, type Task } from '@ctq/core';

interface CanvasTasks {
  readonly app: Ctq;
  readonly add: Task<[x: number, y: number], number>;
  readonly total: Task<[numbers: readonly number[]], number>;
  readonly ran: Task<[], number>;
}

/** ctq with the tasks of the comparison of workflows. */
export function ctqCanvas(options: AppOptions = {}): CanvasTasks {
  const made = new Ctq('bench', options);
  let count = 0;
  return {
    app: made,
    add: made.task('add', (x: number, y: number) => {
      count += 1;
      return x + y;
    }),
    total: made.task('total', (numbers: readonly number[]) => {
      count += 1;
      return numbers.reduce((sum, one) => sum + one, 0);
    }),
    ran: made.task('ran', () => {
      const last = count;
      count = 0;
      return last;
    }),
  };
}

/** Loaded by the worker; broker and results come from the environment. */
export const { app } = ctqCanvas();
