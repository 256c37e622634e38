import { describe, expectTypeOf, it } from 'vitest';
import type { Decimal } from '@ctq/messaging';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { Ctq } from '../app/ctq.js';
import type { AsyncResult } from '../result/result-handle.js';
import { allowJoinResult } from '../execute/current-task.js';
import type { BulkCall, OnBatch } from '../sending/enqueue-many.js';
import type { LimitOptions } from '../limits/limit-options.js';
import type { RateLimit } from '../limits/rate-limit.js';
import type { UniqueOptions } from '../unique/unique-options.js';
import type { Retry } from './directives.js';
import type { RemoteTask, Task } from './task.js';
import type { TaskContext } from './task-context.js';
import type { ParamNames, SchemaOption } from './task-options.js';
import type { Wire } from './wire.js';

declare const app: Ctq;
declare const orderSchema: StandardSchemaV1<{ id: string; amount?: number }, { id: string; amount: number }>;

describe('a task', () => {
  it('is called like its function and sent with its arguments', async () => {
    const add = app.task('add', (x: number, y: number) => x + y);
    expectTypeOf(add(2, 2)).toEqualTypeOf<number>();
    expectTypeOf(await add.delay(2, 2)).toEqualTypeOf<AsyncResult<number>>();
    await add.applyAsync([2, 2], { queue: 'lopri', countdown: 10 });
    // @ts-expect-error arguments are checked
    await add.delay(2, '2');
    // @ts-expect-error a countdown has a known unit
    await add.applyAsync([2, 2], { countdown: '10 apples' });
  });

  it('gets its context in front with bind, and only then', () => {
    const charge = app.task('charge', { bind: true, maxRetries: 5 }, async (ctx, order: { id: string }) => {
      expectTypeOf(ctx).toEqualTypeOf<TaskContext>();
      return order.id;
    });
    expectTypeOf(charge).parameters.toEqualTypeOf<[order: { id: string }]>();
    // @ts-expect-error a context without bind
    app.task('forgotten', (ctx: TaskContext, n: number) => `${ctx.request.id}${n}`);
    // @ts-expect-error a context without bind, with options
    app.task('forgotten', { maxRetries: 1 }, (ctx: TaskContext) => ctx.request.id);
  });

  it('has limits over all workers, by its arguments', () => {
    const limit: LimitOptions<[name: string, n: number]> = {
      rate: '100/m',
      concurrency: 5,
      key: (name, n) => {
        expectTypeOf(name).toEqualTypeOf<string>();
        expectTypeOf(n).toEqualTypeOf<number>();
        return name;
      },
    };
    app.task('named', { limit }, (name: string, n: number) => name.repeat(n));
    // @ts-expect-error the arguments are others
    app.task('wrong', { limit }, (n: number) => n);
    app.task('bound', { bind: true, limit: { rate: 5, key: (name: string) => name } }, (_ctx, name: string) => name);
    app.task('order', { schema: orderSchema, limit: { rate: 5, key: ({ id }) => id } }, (input) => input.amount);
    // @ts-expect-error a key is a text
    app.task('wrong', { limit: { rate: 5, key: (n: number) => n } }, (n: number) => n);
  });

  it('has a rate limit per worker, whose units are checked', () => {
    app.task('often', { rateLimit: '10/m' }, () => 1);
    app.task('any', { rateLimit: null }, () => 1);
    expectTypeOf<10 | '10' | '10/s' | '0.5/h'>().toExtend<RateLimit>();
    // @ts-expect-error no such unit
    app.task('wrong', { rateLimit: '10/d' }, () => 1);
  });

  it('has options of its own for being unique, by its arguments', () => {
    const unique: UniqueOptions<[name: string, n: number]> = {
      key(name, n) {
        expectTypeOf(name).toEqualTypeOf<string>();
        expectTypeOf(n).toEqualTypeOf<number>();
        return [name, n];
      },
      onConflict: 'drop',
    };
    app.task('named', { unique }, (name: string, n: number) => name.repeat(n));
    // @ts-expect-error the key is of other arguments
    app.task('wrong', { unique }, (n: number) => n);
  });

  it('is unique by a key of its arguments', async () => {
    const sync = app.task(
      'sync',
      {
        unique: {
          key: (account, since) => {
            expectTypeOf([account, since] as const).toEqualTypeOf<readonly [number, Date]>();
            return [account];
          },
        },
      },
      (_account: number, _since: Date) => 1,
    );
    expectTypeOf(sync).parameters.toEqualTypeOf<[_account: number, _since: Date]>();
    const bound = app.task(
      'bound',
      { bind: true, unique: { key: (name: string) => name } },
      (ctx, name: string, n: number) => ctx.request.id.repeat(n) + name,
    );
    expectTypeOf(bound).parameters.toEqualTypeOf<[name: string, n: number]>();
    app.task('order', { schema: orderSchema, unique: { key: ({ id }) => id } }, (input) => input.amount);
    // @ts-expect-error the first argument is a number
    app.task('wrong', { unique: { key: (name: string) => name } }, (n: number) => n);
    // @ts-expect-error there is no such argument
    app.task('wrong', { unique: { key: (_n, extra) => [extra] } }, (n: number) => n);
    // @ts-expect-error a call has a key, not a function
    await sync.applyAsync([1, new Date()], { unique: { key: () => 'a' } });
    expectTypeOf((await sync.delay(1, new Date())).conflict?.outcome).toEqualTypeOf<
      'returned' | 'dropped' | 'replaced' | undefined
    >();
  });

  it('names all of its parameters or none', () => {
    app.task('named', { params: ['x', 'y'] }, (x: number, y: number) => x - y);
    // @ts-expect-error one name is missing
    app.task('named', { params: ['x'] }, (x: number, y: number) => x - y);
    app.task('named', { params: ['x', 'y'] }, (x: number, y?: number) => x - (y ?? 0));
    // @ts-expect-error the name of what may be left out is missing
    app.task('named', { params: ['x'] }, (x: number, y?: number) => x - (y ?? 0));
  });

  it('with a schema takes its input and is given its output', async () => {
    const order = app.task('order', { schema: orderSchema }, (input) => {
      expectTypeOf(input).toEqualTypeOf<{ id: string; amount: number }>();
      return input.amount;
    });
    await order.delay({ id: '1' });
    // @ts-expect-error id is missing
    await order.delay({});
  });

  it('can be sent where its function is not', async () => {
    const add = app.task('add', async (x: number, y: number) => x + y);
    const remote = app.remote<typeof add>('add');
    expectTypeOf(await remote.delay(1, 2)).toEqualTypeOf<AsyncResult<number>>();
    // @ts-expect-error there is no function to call
    remote(1, 2);
  });
});

describe('Wire', () => {
  class Account {
    readonly id = 'a';
    balance(): number {
      return 0;
    }
  }

  it('keeps what the serializer keeps', () => {
    expectTypeOf<Wire<{ at: Date; text: string }>>().toEqualTypeOf<{ at: Date; text: string }>();
    expectTypeOf<Wire<bigint>>().toEqualTypeOf<bigint | number>();
    expectTypeOf<Wire<{ price: Decimal }>['price']>().toEqualTypeOf<Decimal>();
    expectTypeOf<Wire<Uint8Array>>().toEqualTypeOf<Uint8Array>();
    expectTypeOf<Wire<readonly [number, string]>>().toEqualTypeOf<[number, string]>();
    expectTypeOf<{ b: string }>().toExtend<Wire<{ a?: number; b: string | undefined }>>();
    expectTypeOf<Wire<{ a?: number; b: string | undefined }>['b']>().toEqualTypeOf<string | undefined>();
    expectTypeOf<Wire<unknown>>().toEqualTypeOf<unknown>();
    expectTypeOf<Wire<void>>().toEqualTypeOf<null>();
    expectTypeOf<Wire<undefined | number>>().toEqualTypeOf<null | number>();
    expectTypeOf<Wire<{ toJSON(): string }>>().toEqualTypeOf<string>();
  });

  it('shows what does not survive', () => {
    expectTypeOf<Wire<Map<string, number>>>().toEqualTypeOf<never>();
    expectTypeOf<Wire<Set<string>>>().toEqualTypeOf<never>();
    expectTypeOf<Wire<Account>>().toEqualTypeOf<never>();
    expectTypeOf<Wire<() => void>>().toEqualTypeOf<never>();
    expectTypeOf<Wire<{ map: Map<string, number> }>>().toEqualTypeOf<{ map: never }>();
  });

  it('is sent many times with its arguments', async () => {
    const add = app.task('add', (x: number, y: number) => x + y);
    expectTypeOf(await add.enqueueMany([[1, 2], { args: [3, 4], options: { priority: 3 } }])).toEqualTypeOf<
      AsyncResult<number>[]
    >();
    const count = await add.enqueueMany([[1, 2]], {
      onBatch: (handles) => {
        expectTypeOf(handles).toEqualTypeOf<readonly AsyncResult<number>[]>();
      },
    });
    expectTypeOf(count).toEqualTypeOf<number>();
    // @ts-expect-error arguments are checked
    await add.enqueueMany([[1, '2']]);
    // @ts-expect-error one id is not for many
    await add.enqueueMany([[1, 2]], { taskId: 'same' });
  });

  it('shares options by taskWith, keeping its types', () => {
    const reliable = app.taskWith({ maxRetries: 10, queue: 'money' });
    const charge = reliable('charge', { bind: true }, (ctx, cents: number) => `${ctx.request.id}${cents}`);
    expectTypeOf(charge).parameters.toEqualTypeOf<[cents: number]>();
    // @ts-expect-error the context is asked for where the function is
    app.taskWith({ bind: true });
    // @ts-expect-error no such option
    app.taskWith({ maxRetry: 1 });
  });

  it('retries for good, or gives what is to be thrown', () => {
    app.task('again', { bind: true }, (ctx): string => {
      const retry = ctx.retry({ throw: false });
      expectTypeOf(retry).toEqualTypeOf<Retry>();
      expectTypeOf(ctx.retry({ countdown: 5 })).toEqualTypeOf<never>();
      throw retry;
    });
  });
});

describe('the types of a task', () => {
  it('are its arguments and what is returned', () => {
    const add = app.task('add', async (x: number, y: number) => x + y);
    expectTypeOf(add).toEqualTypeOf<Task<[x: number, y: number], Promise<number>>>();
    expectTypeOf(add).toExtend<RemoteTask<[x: number, y: number], number>>();
    expectTypeOf(app.remote<typeof add>('add')).toEqualTypeOf<RemoteTask<[x: number, y: number], number>>();
    expectTypeOf<Parameters<typeof add.enqueueMany>[0]>().toExtend<
      Iterable<BulkCall<[x: number, y: number]>> | AsyncIterable<BulkCall<[x: number, y: number]>>
    >();
    expectTypeOf<Parameters<OnBatch<string>['onBatch']>>().toEqualTypeOf<[handles: readonly string[]]>();
  });

  it('name each parameter, those that may be left out too', () => {
    expectTypeOf<ParamNames<[a: number, b?: string]>>().toEqualTypeOf<readonly [a: string, b: string]>();
    const options: SchemaOption<typeof orderSchema> = { schema: orderSchema, params: ['id'] };
    const order = app.task('order', options, ({ id }) => id);
    expectTypeOf(order).parameters.toEqualTypeOf<[input: { id: string; amount?: number }]>();
    // @ts-expect-error what is no schema
    void ({ schema: {} } satisfies SchemaOption<typeof orderSchema>);
  });

  it('are those of the function that may wait', async () => {
    expectTypeOf(allowJoinResult(() => 5)).toEqualTypeOf<number>();
    expectTypeOf(await allowJoinResult(async () => 'x')).toEqualTypeOf<string>();
  });
});
