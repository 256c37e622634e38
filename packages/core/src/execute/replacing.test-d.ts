import { describe, expectTypeOf, it } from 'vitest';
import type { Ctq } from '../app/ctq.js';
import { chain } from '../canvas/chain.js';
import { chord } from '../canvas/chord.js';
import { group } from '../canvas/group.js';
import type { Complete, Signature } from '../canvas/signature.js';
import type { AsyncResult } from '../result/result-handle.js';
import type { TaskContext } from '../task/task-context.js';

declare const app: Ctq;
declare const ctx: TaskContext;
const add = app.task('add', (x: number, y: number) => x + y);
const show = app.task('show', (n: number) => `n = ${n}`);
const total = app.task('total', (numbers: readonly number[]) => numbers.length);
const loaded = app.task('loaded', async (url: string) => ({ url }));

describe('a task that is replaced', () => {
  it('results in what the replacement results in', async () => {
    const replaced = app.task('replaced', { bind: true }, (context, x: number) =>
      context.replace(chain(add.s(x, 1), show.s())),
    );
    expectTypeOf(await replaced.delay(1)).toEqualTypeOf<AsyncResult<string>>();
    expectTypeOf(await (await replaced.delay(1)).get()).toEqualTypeOf<string>();
    chain(replaced.s(1), app.task('length', (text: string) => text.length).s());
    const perhaps = app.task('perhaps', { bind: true }, async (context, x: number) =>
      x > 1 ? await context.replace(show.s(x)) : x,
    );
    expectTypeOf(await (await perhaps.delay(1)).get()).toEqualTypeOf<string | number>();
  });

  it('results in a list where that is a group', () => {
    expectTypeOf(ctx.replace(group([add.s(1, 2), show.s(3)]))).toEqualTypeOf<Promise<[number, string]>>();
    const many = group([1, 2].map((n) => add.s(n, n)));
    expectTypeOf(ctx.replace(many)).toEqualTypeOf<Promise<number[]>>();
    expectTypeOf(ctx.replace(chord([add.s(1, 2)], total.s()))).toEqualTypeOf<Promise<number>>();
    expectTypeOf(ctx.replace(loaded.s('x'))).toEqualTypeOf<Promise<{ url: string }>>();
    expectTypeOf(ctx.replace(app.signature('elsewhere'))).toEqualTypeOf<Promise<unknown>>();
  });

  it('is given a signature that lacks no arguments', () => {
    expectTypeOf(add.s(1, 2)).toExtend<Complete<number>>();
    expectTypeOf(add.s(1)).not.toExtend<Complete<number>>();
    expectTypeOf(add.s(1, 2)).not.toExtend<Complete<string>>();
    // @ts-expect-error one argument is missing
    void ctx.replace(add.s(1));
    // @ts-expect-error the first step lacks one
    void ctx.replace(chain(add.s(1), show.s()));
    // @ts-expect-error a task is no signature
    void ctx.replace(add);
    // @ts-expect-error what was sent already is none either
    void ctx.replace(add.delay(1, 2));
  });
});

describe('a member that adds to its chord', () => {
  it('is given the result of what was sent, of a group as one', () => {
    expectTypeOf(ctx.addToChord(add.s(1, 2))).toEqualTypeOf<Promise<AsyncResult<number>>>();
    expectTypeOf(ctx.addToChord(chord([add.s(1, 2)], total.s()))).toEqualTypeOf<Promise<AsyncResult<number>>>();
    expectTypeOf(ctx.addToChord(group([add.s(1, 2), show.s(3)]))).toEqualTypeOf<
      Promise<AsyncResult<[number, string]>>
    >();
    // @ts-expect-error one argument is missing
    void ctx.addToChord(add.s(1));
  });

  it('is given the signature where it sends that itself, with the arguments that it lacks', () => {
    expectTypeOf(ctx.addToChord(add.s(1), { lazy: true })).toEqualTypeOf<Promise<Signature<[x: number], number>>>();
  });
});
