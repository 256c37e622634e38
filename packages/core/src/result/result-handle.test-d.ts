import { describe, expectTypeOf, it } from 'vitest';
import type { Ctq } from '../app/ctq.js';
import { chain } from '../canvas/chain.js';
import { group } from '../canvas/group.js';
import type {
  AnyResult,
  AsyncResult,
  GroupResult,
  OrErrors,
  ResultCollection,
  ResultHandle,
  ResultSet,
  StateChange,
  TreeChange,
  WorkflowHandle,
} from './result-handle.js';
import type { ResultRecord, ResultTuple } from './result-record.js';

declare const app: Ctq;
const add = app.task('add', (x: number, y: number) => x + y);
const show = app.task('show', (n: number) => `n = ${n}`);

describe('a result that a task returns', () => {
  it('is a tuple, of which it can be made again', async () => {
    const handle = app.task('handle', async () => await group([add.s(1, 1), show.s(2)]).delay());
    expectTypeOf(await (await handle.delay()).get()).toEqualTypeOf<ResultTuple>();
    const tuple = app.task('tuple', async () => (await chain(add.s(1, 1), show.s()).delay()).asTuple());
    expectTypeOf(app.resultFromTuple(await (await tuple.delay()).get())).toEqualTypeOf<AnyResult>();
  });
});

describe('a result', () => {
  it('has the type that survives the serializer', async () => {
    const made = app.task('made', async () => ({
      at: new Date(),
      names: new Map<string, string>(),
      none: undefined as void,
    }));
    const value = await (await made.delay()).get();
    expectTypeOf(value.at).toEqualTypeOf<Date>();
    // What does not survive is nothing that could be used by mistake.
    expectTypeOf(value.names).toEqualTypeOf<never>();
    expectTypeOf(await app.asyncResult('id').get()).toEqualTypeOf<unknown>();
    expectTypeOf(await app.asyncResult<number>('id').get()).toEqualTypeOf<number>();
    // @ts-expect-error a result is no promise: await result.get()
    const sum: number = await add.delay(1, 2);
    expectTypeOf(sum).toEqualTypeOf<number>();
  });

  it('is its value, or with propagate: false its value or an error', async () => {
    const result = await add.delay(1, 2);
    expectTypeOf(await result.get({ timeout: '10s', signal: AbortSignal.timeout(1) })).toEqualTypeOf<number>();
    expectTypeOf(await result.get({ propagate: true })).toEqualTypeOf<number>();
    expectTypeOf(await result.get({ propagate: false })).toEqualTypeOf<number | Error>();
    const propagate = Math.random() > 0.5;
    expectTypeOf(await result.get({ propagate })).toEqualTypeOf<number | Error>();
    // @ts-expect-error an error may be in its place
    (await result.get({ propagate: false })).toFixed();
    // @ts-expect-error a timeout has a known unit
    await result.get({ timeout: '10 apples' });
    // @ts-expect-error a misspelled option would wait for ever
    await result.get({ timout: 10 });
    // @ts-expect-error callbacks are called with an id first
    await result.get({ callback: (id: number) => id });
    await result.get({ onMessage: (record) => expectTypeOf(record).toEqualTypeOf<ResultRecord>() });
  });

  it('of one of several types can be waited for', async () => {
    const results = [await add.delay(1, 2), await show.delay(1)];
    for (const result of results) expectTypeOf(await result.get()).toEqualTypeOf<number | string>();
    const { parent } = await chain(add.s(1, 2), show.s()).delay();
    expectTypeOf(parent).toEqualTypeOf<AnyResult | undefined>();
    await parent?.get({ timeout: 1 });
  });

  it('is watched state by state', async () => {
    for await (const change of (await add.delay(1, 2)).watch()) {
      expectTypeOf(change).toEqualTypeOf<StateChange<number>>();
      if (change.kind === 'success') expectTypeOf(change.value).toEqualTypeOf<number>();
      else if (change.kind === 'progress') expectTypeOf(change.meta).toEqualTypeOf<unknown>();
      else expectTypeOf(change.error).toEqualTypeOf<Error>();
      // @ts-expect-error only a success has a value
      void change.value;
    }
    // @ts-expect-error it is a sequence in time
    for (const change of (await add.delay(1, 2)).watch()) void change;
  });

  it('is followed as a workflow by changes of whatever tasks there are, with counts', async () => {
    for await (const change of (await add.delay(1, 2)).watchTree({ timeout: '1h', buffer: 10 })) {
      expectTypeOf(change).toEqualTypeOf<TreeChange>();
      expectTypeOf(change.result).toEqualTypeOf<AsyncResult<unknown>>();
      expectTypeOf(change.counts.known).toEqualTypeOf<number>();
      if (change.kind === 'success') expectTypeOf(change.value).toEqualTypeOf<unknown>();
      else if (change.kind === 'progress') expectTypeOf(change.meta).toEqualTypeOf<unknown>();
      else expectTypeOf(change.error).toEqualTypeOf<Error>();
      // @ts-expect-error only a success has a value
      void change.value;
    }
    const results = await group([add.s(1, 1), show.s(2)]).delay();
    expectTypeOf(results.watchTree()).toEqualTypeOf<AsyncGenerator<TreeChange, void, undefined>>();
    expectTypeOf(app.resultSet([await add.delay(1, 1)])).toExtend<WorkflowHandle>();
  });

  it('is cancelled with what belongs to it', async () => {
    expectTypeOf((await add.delay(1, 2)).cancel({ terminate: true })).toEqualTypeOf<Promise<void>>();
    expectTypeOf((await group([add.s(1, 1)]).delay()).cancel()).toEqualTypeOf<Promise<void>>();
    // @ts-expect-error there is no signal to choose
    await app.asyncResult('id').cancel({ signal: 'SIGTERM' });
  });

  it('has a tree below it', async () => {
    const result = await add.delay(1, 2);
    for await (const [node, value] of result.collect({ timeout: 1 })) {
      expectTypeOf(node).toEqualTypeOf<AnyResult>();
      expectTypeOf(value).toEqualTypeOf<unknown>();
    }
    for await (const [parent] of result.iterdeps({ intermediate: true }))
      expectTypeOf(parent).toEqualTypeOf<AnyResult | undefined>();
    expectTypeOf(await result.children()).toEqualTypeOf<readonly AnyResult[] | null>();
    expectTypeOf((await result.graph()).edges).toEqualTypeOf<readonly (readonly [from: string, to: string])[]>();
  });
});

describe('several results', () => {
  it('are the tuple of their values, or of values and errors', async () => {
    const results = await group([add.s(1, 1), show.s(2)]).delay();
    expectTypeOf(results).toEqualTypeOf<GroupResult<[number, string]>>();
    expectTypeOf(await results.get({ timeout: 1 })).toEqualTypeOf<[number, string]>();
    expectTypeOf(await results.join()).toEqualTypeOf<[number, string]>();
    expectTypeOf(await results.join({ propagate: false })).toEqualTypeOf<[number | Error, string | Error]>();
    expectTypeOf(await results.joinNative({ propagate: false })).toEqualTypeOf<OrErrors<[number, string]>>();
    expectTypeOf(await results.join({ callback: () => undefined })).toEqualTypeOf<[]>();
    expectTypeOf(await results.joinNative({ callback: () => undefined })).toEqualTypeOf<undefined>();
    // @ts-expect-error get throws; join and joinNative put errors in their places
    await results.get({ propagate: false });
    // @ts-expect-error there are two of them
    expectTypeOf((await results.get())[2]).toBeNever();
    // @ts-expect-error a group is what it was sent as
    results.add(app.asyncResult('id'));
  });

  it('are gathered by hand with one type', async () => {
    const set = app.resultSet([await add.delay(1, 1)]);
    expectTypeOf(set).toEqualTypeOf<ResultSet<number>>();
    set.add(await add.delay(2, 2));
    // @ts-expect-error a string is no number
    set.add(await show.delay(2));
    expectTypeOf(await set.get()).toEqualTypeOf<number[]>();
    set.remove('id');
  });

  it('make a group of known results, typed by them', async () => {
    const made = app.groupResult<[number, string]>('id', [app.asyncResult<number>('a'), app.asyncResult<string>('b')]);
    expectTypeOf(await made.get()).toEqualTypeOf<[number, string]>();
    // @ts-expect-error the other way round
    app.groupResult<[number, string]>('id', [app.asyncResult<string>('b'), app.asyncResult<number>('a')]);
    expectTypeOf(await app.restoreGroup('id')).toEqualTypeOf<GroupResult<unknown[]> | undefined>();
    expectTypeOf(app.resultFromTuple([])).toEqualTypeOf<AsyncResult<unknown> | GroupResult<unknown[]>>();
  });
});

describe('any result', () => {
  it('is a handle, any number of them a collection', () => {
    expectTypeOf<AsyncResult<number>>().toExtend<ResultHandle<number>>();
    expectTypeOf<ReturnType<ResultHandle<number>['get']>>().resolves.toExtend<number | Error>();
    expectTypeOf<GroupResult<[number, string]>>().toExtend<ResultCollection<[number, string]>>();
    expectTypeOf<ResultSet<number>>().toExtend<ResultCollection<number[]>>();
    expectTypeOf<GroupResult<[number, string]>>().toExtend<Iterable<AnyResult>>();
  });
});

describe('errors of the program', () => {
  it('are listed as classes', async () => {
    class OutOfStock extends Error {}
    const { Ctq: App } = await import('../app/ctq.js');
    new App('shop', { errorClasses: [OutOfStock, RangeError] });
    // @ts-expect-error a name is not a class
    new App('shop', { errorClasses: ['OutOfStock'] });
    // @ts-expect-error a class of something else
    new App('shop', { errorClasses: [Map] });
  });
});
