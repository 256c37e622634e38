import { describe, expectTypeOf, it } from 'vitest';
import type { Ctq } from '../app/ctq.js';
import type { AsyncResult, GroupResult } from '../result/result-handle.js';
import { chain } from './chain.js';
import { chord } from './chord.js';
import { group } from './group.js';
import type { DropLast, ResultOf, Signature, Trailing } from './signature.js';

declare const app: Ctq;
const add = app.task('add', (x: number, y: number) => x + y);
const show = app.task('show', (n: number) => `n = ${n}`);
const total = app.task('total', (numbers: readonly number[]) => numbers.length);
const pair = app.task('pair', (both: readonly [number, string]) => both[1]);
const greet = app.task('greet', (name: string, greeting?: string) => `${greeting} ${name}`);
const join = app.task('join', (first: string, ...more: string[]) => first + more.join(''));
const loaded = app.task('loaded', async (url: string) => ({ url, at: new Date() }));

describe('signatures', () => {
  it('drop the trailing arguments that were given', () => {
    expectTypeOf(add.s(4)).toEqualTypeOf<Signature<[x: number], number>>();
    expectTypeOf(add.s(4, 5)).toEqualTypeOf<Signature<[], number>>();
    expectTypeOf(add.s()).toEqualTypeOf<Signature<[x: number, y: number], number>>();
    expectTypeOf<DropLast<[a: 1, b: 2, c: 3], [2, 3]>>().toEqualTypeOf<[a: 1]>();
    expectTypeOf<Trailing<[a: 1, b: 2]>>().toEqualTypeOf<[a: 1, b: 2] | [b: 2] | []>();
    // @ts-expect-error a string is no last argument of add
    add.s('4');
    // @ts-expect-error add takes two arguments
    add.s(1, 2, 3);
    greet.s('hello');
    join.s('a', 'b', 'c');
  });

  it('refuse wrong missing arguments', async () => {
    expectTypeOf(await add.s(4).delay(1)).toEqualTypeOf<AsyncResult<number>>();
    // @ts-expect-error the first argument is missing
    await add.s(4).delay();
    // @ts-expect-error and it is a number
    await add.s(4).delay('1');
    await add.si(1, 2).delay();
  });
});

describe('chain', () => {
  it('checks each link against the result before it', async () => {
    const sum = chain(add.s(2, 2), add.s(4), show.s());
    expectTypeOf<ResultOf<typeof sum>>().toEqualTypeOf<string>();
    expectTypeOf(await sum.delay()).toEqualTypeOf<AsyncResult<string>>();
    // @ts-expect-error show gives a string, add takes a number
    chain(show.s(1), add.s(4));
    // @ts-expect-error add still needs two arguments
    chain(add.s(2, 2), add.s());
    chain(show.s(1), add.si(1, 2));
    chain(show.s(1), greet.s());
    chain(show.s(1), loaded.s());
    chain(add.s(1), add.s(2));
    expectTypeOf(chain(add.s(1), show.s()).delay).parameters.toEqualTypeOf<[x: number]>();
  });

  it('links a group to a task that takes the list of results', () => {
    chain(group([add.s(1, 1), add.s(2, 2)]), total.s());
    chain(group([add.s(1, 1), show.s(2)]), pair.s());
    // @ts-expect-error a list of strings is no list of numbers
    chain(group([show.s(1), show.s(2)]), total.s());
  });
});

describe('group', () => {
  it('has the tuple of its results', async () => {
    const results = await group([add.s(1, 1), show.s(2)]).delay();
    expectTypeOf(results).toEqualTypeOf<GroupResult<[number, string]>>();
    expectTypeOf(await results.get()).toEqualTypeOf<[number, string]>();
    const many = await group([1, 2, 3].map((n) => add.s(n, n))).delay();
    expectTypeOf(await many.get()).toEqualTypeOf<number[]>();
  });
});

describe('chord', () => {
  it('checks the body against the list of results', async () => {
    const result = await chord([add.s(1, 1), add.s(2, 2)], total.s()).delay();
    expectTypeOf(await result.get()).toEqualTypeOf<number>();
    chord(
      [1, 2].map((n) => add.s(n, n)),
      total.s(),
    );
    // @ts-expect-error the header gives numbers, show takes one number
    chord([add.s(1, 1), add.s(2, 2)], show.s());
    // @ts-expect-error the header gives strings
    chord([show.s(1), show.s(2)], total.s());
  });
});
