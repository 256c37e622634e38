import type { Ctq, Task } from '@ctq/core';

export interface ShopTasks {
  readonly add: Task<[x: number, y: number], number>;
  readonly mul: Task<[x: number, y: number], number>;
  readonly sum: Task<[numbers: readonly number[]], number>;
  readonly nothing: Task<[], string>;
  readonly sell: Task<[sku: string], number>;
  readonly pack: Task<[], Promise<string>>;
  readonly flaky: Task<[], string>;
  readonly outer: Task<[x: number], Promise<number>>;
  readonly delegating: Task<[], Promise<string>>;
}

export class OutOfStock extends Error {
  readonly sku: string;

  constructor(sku: string) {
    super(`${sku} is sold out`);
    this.name = 'OutOfStock';
    this.sku = sku;
  }
}

/** What the worker's program and its callers have in common. */
export function shopTasks(app: Ctq): ShopTasks {
  const add = app.task('add', (x: number, y: number) => x + y);
  return {
    add,
    mul: app.task('mul', (x: number, y: number) => x * y),
    sum: app.task('sum', (numbers: readonly number[]) => numbers.reduce((all, one) => all + one, 0)),
    nothing: app.task('nothing', { ignoreResult: true }, () => 'nobody is told'),
    sell: app.task('sell', (sku: string): number => {
      throw new OutOfStock(sku);
    }),
    pack: app.task('pack', { bind: true }, async (ctx) => {
      await ctx.updateState('PROGRESS', { current: 1, total: 2 });
      await ctx.updateState('PROGRESS', { current: 2, total: 2 });
      return 'packed';
    }),
    flaky: app.task('flaky', { bind: true, trackStarted: true }, (ctx): string => {
      if (ctx.request.retries < 2) ctx.retry({ countdown: 0, error: new RangeError(`attempt ${ctx.request.retries}`) });
      return `after ${ctx.request.retries}`;
    }),
    outer: app.task('outer', async (x: number) => {
      const result = await add.delay(x, 1);
      return await result.get({ disableSyncSubtasks: false, timeout: '20s' });
    }),
    delegating: app.task('delegating', async () => (await add.delay(20, 1)).id),
  };
}
