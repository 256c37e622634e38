import { describe, expectTypeOf, it } from 'vitest';
import type { Ctq } from '../app/ctq.js';
import type { AsyncResult, GroupResult } from '../result/result-handle.js';
import type { Linkable } from '../sending/call-options.js';
import { chain, type CheckedLinks, type LinkMismatch } from './chain.js';
import { chord } from './chord.js';
import type { ChordOptions, MemberOutcome } from './chord-join.js';
import { group, type ResultsOf } from './group.js';
import type { SignatureGraphEdge } from './signature-graph.js';
import { skew, type SkewOptions } from './skew.js';
import type {
  AnySignature,
  ArgsOf,
  DropLast,
  Given,
  OptionsOf,
  ResultOf,
  Signature,
  Takes,
  TakesResult,
  Trailing,
  Typed,
} from './signature.js';
import { type Stamps, stampsAndOptions, type VisitedSignature } from './stamping-visitor.js';

declare const app: Ctq;
const add = app.task('add', (x: number, y: number) => x + y);
const show = app.task('show', (n: number) => `n = ${n}`);
const total = app.task('total', (numbers: readonly number[]) => numbers.length);
const pair = app.task('pair', (both: readonly [number, string]) => both[1]);
const greet = app.task('greet', (name: string, greeting?: string) => `${greeting} ${name}`);
const join = app.task('join', (first: string, ...more: string[]) => first + more.join(''));
const done = app.task('done', () => null);
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

  it('with keyword arguments take what the compiler does not know', () => {
    expectTypeOf(add.s().withKwargs({ y: 1 })).toEqualTypeOf<Signature<readonly unknown[], number>>();
    app.signature('elsewhere', [1], { y: 2 }, { queue: 'slow' });
    // @ts-expect-error a dictionary has its own
    app.signature(add.s(1, 1).serialize(), [1]);
    // @ts-expect-error no option
    app.signature('elsewhere', [], {}, { nonsense: 1 });
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

  it('takes as many links of one kind as a list or generator gives', async () => {
    const sums = chain([1, 2, 3].map((n) => add.s(n)));
    expectTypeOf(sums).toEqualTypeOf<Signature<[x: number], number>>();
    expectTypeOf(await (await chain(new Set([add.s(1)])).delay(1)).get()).toEqualTypeOf<number>();
    chain([add.si(1, 1), add.si(2, 2)]);
    // @ts-expect-error show does not take what show gives
    chain([show.s(), show.s()]);
    // @ts-expect-error what has all its arguments takes none
    chain([add.s(1, 1), add.s(2)]);
    // @ts-expect-error two are missing
    chain([add.s(), add.s()]);
  });

  it('cannot check a spread of a list, and refuses it', () => {
    const more = [1, 2, 3].map((n) => add.s(n));
    // @ts-expect-error how many there are, and so what comes last, is not known
    chain(add.s(1, 1), ...more);
    // @ts-expect-error nor whether the last one is given what any of them gives
    chain(show.s(1), ...more);
    expectTypeOf(add.s(1, 1).pipe(chain(more))).toEqualTypeOf<Signature<[], number>>();
  });

  it('checks a link that may be one of several against the results of all', () => {
    const either = show.s(1) as Signature<[], number> | Signature<[], string>;
    // @ts-expect-error add takes no text
    chain(either, add.s(1));
    chain(either, add.si(1, 2));
  });

  it('is what pipe gives, checked in the same way', async () => {
    const shown = add.s(2).pipe(add.s(4)).pipe(show.s());
    expectTypeOf(shown).toEqualTypeOf<Signature<[x: number], string>>();
    const sum = group([add.s(1, 1), add.s(2, 2)]).pipe(total.s());
    expectTypeOf(await (await sum.delay()).get()).toEqualTypeOf<number>();
    group([add.s(1, 1), show.s(2)]).pipe(pair.s());
    add.s(1, 1).pipe(done.si()).pipe(app.signature('elsewhere'));
    // @ts-expect-error show gives a string, add takes a number
    show.s(1).pipe(add.s(4));
    // @ts-expect-error add still needs two arguments
    add.s(2, 2).pipe(add.s());
    // @ts-expect-error nothing is taken
    add.s(1, 1).pipe(done.s());
    // @ts-expect-error a list of strings is no list of numbers
    group([show.s(1), show.s(2)]).pipe(total.s());
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

  it('takes what gives its members one after the other', () => {
    const labels = (function* () {
      yield show.s();
    })();
    expectTypeOf(group(labels)).toEqualTypeOf<Signature<[n: number], string[], GroupResult<string[]>>>();
    // @ts-expect-error numbers are no signatures
    group(new Set([1]));
    // @ts-expect-error a signature is no list of them
    group(add.s(1, 1));
  });

  it('may be skewed, and nothing else', () => {
    const sums = group([add.s(1, 1), show.s(2)]);
    expectTypeOf(skew(sums, { step: 2 })).toEqualTypeOf<typeof sums>();
    expectTypeOf<SkewOptions['stop']>().toEqualTypeOf<number | undefined>();
    skew(add.chunks([[1, 2]], 1));
    // @ts-expect-error a task has no members
    skew(add.s(1, 1));
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
    chord(group([add.s(1, 1), show.s(2)]), pair.s());
    chord(new Set([add.s(1, 1)]), total.s());
    // @ts-expect-error the group gives strings
    chord(group([show.s(1)]), total.s());
    // @ts-expect-error so does the set
    chord(new Set([show.s(1)]), total.s());
    // @ts-expect-error a chain is no header
    chord(chain(add.s(1, 1), add.s(1)), total.s());
  });

  it('checks the body against how the header is joined', () => {
    const chosen = JSON.parse('{}') as ChordOptions;
    const outcomes = app.task('outcomes', (given: readonly MemberOutcome<number>[]) => given.length);
    const mixed = app.task('mixed', (given: readonly [MemberOutcome<number>, MemberOutcome<string>]) => given.length);
    const some = app.task('some', (given: readonly (number | string)[]) => given.length);
    chord([add.s(1, 1), add.s(2, 2)], outcomes.s(), { onMemberError: 'collect' });
    chord([add.s(1, 1), show.s(2)], mixed.s(), { onMemberError: 'collect' });
    chord(new Set([add.s(1, 1)]), outcomes.s(), { onMemberError: 'collect' });
    chord([add.s(1, 1), add.s(2, 2)], total.s(), { onMemberError: 'fail', timeout: '30s' });
    chord([add.s(1, 1), add.s(2, 2)], total.s(), { onMemberError: { quorum: 1 } });
    chord(group([add.s(1, 1), show.s(2)]), some.s(), { onMemberError: { quorum: 1 } });
    // @ts-expect-error the body is given outcomes
    chord([add.s(1, 1), add.s(2, 2)], total.s(), { onMemberError: 'collect' });
    // @ts-expect-error the body is given results
    chord([add.s(1, 1), add.s(2, 2)], outcomes.s());
    // @ts-expect-error a quorum gives a list, of any length
    chord([add.s(1, 1), show.s(2)], pair.s(), { onMemberError: { quorum: 2 } });
    // @ts-expect-error no such choice
    chord([add.s(1, 1)], total.s(), { onMemberError: 'ignore' });
    const either = app.task('either', (given: readonly (number | MemberOutcome<number>)[]) => given.length);
    chord([add.s(1, 1)], either.s(), { onMemberError: chosen.onMemberError ?? 'fail' });
    chord([add.s(1, 1)], either.s(), chosen);
    // @ts-expect-error it may be given outcomes
    chord([add.s(1, 1)], total.s(), { onMemberError: chosen.onMemberError ?? 'fail' });
    // @ts-expect-error so it may here
    chord([add.s(1, 1)], total.s(), chosen);
  });
});

describe('what follows a call', () => {
  const failed = app.task('failed', (id: string) => id);

  it('takes the result, or for a failure the id of what failed', async () => {
    const linked = add.s(1, 2).link(show.s()).link(add.s(4)).linkError(failed.s());
    expectTypeOf(linked).toEqualTypeOf<Signature<[], number>>();
    // @ts-expect-error a number is no text
    add.s(1, 2).link(failed.s());
    // @ts-expect-error two arguments are missing, one is given
    add.s(1, 2).link(add.s());
    // @ts-expect-error nothing is taken: done.si()
    add.s(1, 2).link(done.s());
    add.s(1, 2).link(done.si());
    // @ts-expect-error an id is no number
    add.s(1, 2).linkError(show.s());
    add.s(1, 2).link(app.signature('elsewhere')).linkError(app.signature('elsewhere'));
    const travelled: Linkable = show.s();
    add.s(1, 2).link(travelled);
  });

  it('is checked as an option too', async () => {
    await add.applyAsync([1, 2], { link: show.s(), linkError: [failed.s()] });
    // @ts-expect-error a number is no text
    await add.applyAsync([1, 2], { link: [show.s(), failed.s()] });
    // @ts-expect-error an id is no number
    await add.applyAsync([1, 2], { linkError: show.s() });
    // @ts-expect-error in a signature as well
    add.s(1, 2).set({ link: failed.s() });
    expectTypeOf<OptionsOf<number>['link']>().toEqualTypeOf<Takes<[number]> | readonly Takes<[number]>[] | undefined>();
    expectTypeOf<TakesResult<number>>().toEqualTypeOf<Takes<[number]>>();
  });

  it('is given nothing by a group', () => {
    group([add.s(1, 1), add.s(2, 2)]).link(done.s());
    expectTypeOf<TakesResult<[number], GroupResult<[number]>>>().toEqualTypeOf<Takes<[[number]]> | Takes<[]>>();
    // @ts-expect-error neither nothing nor a list
    group([add.s(1, 1), add.s(2, 2)]).link(show.s());
    const any: AnySignature[] = [group([add.s(1, 1)]), add.s(), show.s(), chain(add.s(1, 1), show.s())];
    void any;
  });
});

describe('what the compiler knows of signatures', () => {
  it('is what they take and give', () => {
    expectTypeOf<ArgsOf<typeof add>>().toEqualTypeOf<[x: number, y: number]>();
    expectTypeOf<ArgsOf<Typed<[a: string], number>>>().toEqualTypeOf<[a: string]>();
    expectTypeOf<ResultOf<Typed<[a: string], number>>>().toEqualTypeOf<number>();
    expectTypeOf<ResultsOf<readonly [Typed<[], number>, Typed<[], string>]>>().toEqualTypeOf<[number, string]>();
    expectTypeOf<Given<readonly unknown[]>>().toEqualTypeOf<readonly unknown[]>();
  });

  it('is checked link by link', () => {
    type Fits = [Signature<[], number>, Signature<[n: number], string>];
    expectTypeOf<CheckedLinks<Fits>>().toEqualTypeOf<Fits>();
    type Misfit = [Signature<[], string>, Signature<[n: number], string>];
    expectTypeOf<CheckedLinks<Misfit>[1]>().toEqualTypeOf<LinkMismatch<string, [n: number]>>();
    expectTypeOf<CheckedLinks<[]>>().toEqualTypeOf<[]>();
    type Times<T, N extends number, Made extends T[] = []> = Made['length'] extends N
      ? Made
      : Times<T, N, [...Made, T]>;
    type Long = Times<Signature<[n: number], number>, 200>;
    expectTypeOf<CheckedLinks<Long>>().toEqualTypeOf<Long>();
  });
});

describe('stamp', () => {
  it('gives the same signature, of stamps and of a visitor', () => {
    expectTypeOf(add.s(4).stamp({ tenant: 'blue', tags: ['a'] })).toEqualTypeOf<Signature<[x: number], number>>();
    const pair = group([add.s(1, 1), show.s(2)]);
    expectTypeOf(pair.stamp({ tenant: 'blue' }, { appendStamps: true })).toEqualTypeOf<typeof pair>();
    expectTypeOf(
      pair.stamp({
        onSignature: (signature, { stamps }) => {
          expectTypeOf(signature).toEqualTypeOf<VisitedSignature>();
          expectTypeOf(stamps).toEqualTypeOf<Stamps>();
          return { of: signature.task };
        },
        onGroupStart: ({ parts }) => stampsAndOptions({ size: parts.length }, { priority: 3 }),
        onChordBody: () => undefined,
      }),
    ).toEqualTypeOf<typeof pair>();
  });

  it('refuses a visitor that says nothing of calls, and options that there are not', () => {
    class OnlyGroups {
      onGroupStart() {
        return { grouped: true };
      }
    }
    // @ts-expect-error onSignature is missing
    add.s(1).stamp(new OnlyGroups());
    // @ts-expect-error there is no such option
    stampsAndOptions({ tenant: 'blue' }, { prioriti: 3 });
    // @ts-expect-error what is a stamp is said beside the options
    stampsAndOptions({ tenant: 'blue' }, { stamps: { order: 17 } });
    // @ts-expect-error there is no such option of stamping
    add.s(1).stamp({ tenant: 'blue' }, { append: true });
  });
});

describe('the graph of a signature', () => {
  it('has nodes that are tasks, or points where edges meet', () => {
    const { nodes, edges } = group([add.s(1, 1), show.s(2)]).graph();
    expectTypeOf(edges).toEqualTypeOf<readonly SignatureGraphEdge[]>();
    for (const node of nodes) {
      if (node.kind === 'task') expectTypeOf(node.task).toEqualTypeOf<string>();
      // @ts-expect-error a point is no task
      else void node.task;
    }
  });
});
