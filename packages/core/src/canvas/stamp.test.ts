import { memoryTransport, Uuid } from '@ctq/messaging';
import { describe, expect, it } from 'vitest';
import { CanvasScene } from '../__fixtures__/canvas-scene.js';
import { Ctq } from '../app/ctq.js';
import { chain } from './chain.js';
import { chord } from './chord.js';
import { group } from './group.js';
import type { AnySignature } from './signature.js';
import type { SerializedSignature } from './serialized-signature.js';
import { stampsAndOptions, type StampingVisitor, type VisitedSignature } from './stamping-visitor.js';

/** Says the same of every call. */
const saying = (stamps: Record<string, unknown>): StampingVisitor => ({ onSignature: () => stamps });

/** Calls of tasks in a signature, what is linked to them included. */
function callsIn(value: unknown): readonly SerializedSignature[] {
  if (Array.isArray(value)) return value.flatMap(callsIn);
  if (typeof value !== 'object' || value === null) return [];
  const { subtask_type: type, kwargs, options } = value as SerializedSignature;
  const linked = [options?.['link'], options?.['link_error']].flatMap(callsIn);
  const wholes: readonly unknown[] = ['chain', 'group', 'chord'];
  if (!wholes.includes(type)) return [value as SerializedSignature, ...linked];
  return [...[kwargs['tasks'], kwargs['header'], kwargs['body']].flatMap(callsIn), ...linked];
}

/** Name of each call and its stamps. */
function stampsIn(signature: AnySignature): readonly (readonly [task: string, stamps: Record<string, unknown>])[] {
  return callsIn(signature.serialize()).map(({ task, options }) => {
    const names = (options['stamped_headers'] ?? []) as readonly string[];
    return [task, Object.fromEntries(names.map((name) => [name, options[name]]))];
  });
}

/** Every workflow in which a signature can stand. */
const workflows: Readonly<Record<string, (scene: CanvasScene) => AnySignature>> = {
  'a call': ({ add }) => add.s(1, 1),
  'a group': ({ add }) => group([add.s(1, 1), add.s(2, 2)]),
  'a chain': ({ add }) => chain(add.s(1, 1), add.s(2)),
  'a chord': ({ add, total }) => chord([add.s(1, 1), add.s(2, 2)], total.s()),
  'a chain that begins with a group': ({ add, total, same }) =>
    chain(group([add.s(1, 1), add.s(2, 2)]), total.s(), same.s()),
  'a chain of a group and its body': ({ add, total }) => chain(group([add.s(0, 0)]), total.s()),
  'a chain that ends in a group': ({ add }) => chain(add.s(1, 1), group([add.s(2), add.s(3)])),
  'groups one after the other': ({ add, total }) =>
    chain(add.s(1, 1), group([add.s(2), add.s(3)]), group([total.s(), total.s()]), total.s()),
  'a group of chains': ({ add }) => group([chain(add.s(1, 1), add.s(10)), chain(add.s(2, 2), add.s(20))]),
  'chains in chains': ({ add }) => chain(chain(add.s(1, 1), add.s(10)), chain(chain(add.s(2), add.s(20)), add.s(3))),
  'a chord of chains and chords': ({ add, total }) =>
    chord([chain(add.s(1, 1), add.s(2)), chord([add.s(3, 3), add.s(4, 4)], total.s())], total.s()),
  'a chord whose body is a chain with a chord': ({ add, total, same }) =>
    chord([add.s(1, 1)], chain(total.s(), chord([add.s(1), add.s(2)], total.s()), same.s())),
  'a chord over groups': ({ add, same }) =>
    chord([group([add.s(1, 1), add.s(2, 2)]), group([add.s(3, 3)]), add.s(4, 4)], same.s()),
  'calls over many items': ({ add, same }) =>
    group([
      same.map([1, 2]),
      add.starmap([
        [1, 2],
        [3, 4],
      ]),
    ]),
  chunks: ({ add }) =>
    add.chunks(
      [
        [1, 2],
        [3, 4],
      ],
      1,
    ),
  'a chord over chunks': ({ add, same }) =>
    chord(
      [
        add.chunks(
          [
            [1, 2],
            [3, 4],
          ],
          1,
        ),
      ],
      same.s(),
    ),
};

describe('a stamped signature', () => {
  it('is a copy that has the stamps among its options, with the list of their names [CV-129, SD-376]', () => {
    const { add } = new CanvasScene();
    const plain = add.s(2, 2);
    const stamped = plain.stamp({ tenant: 'blue', trace: ['t1', 't2'] });
    expect(stamped.serialize().options).toEqual({
      ...{ tenant: 'blue', trace: ['t1', 't2'] },
      stamped_headers: ['tenant', 'trace'],
    });
    expect(plain.serialize().options).toEqual({});
    expect(plain.stamp({}).serialize()).toEqual(plain.serialize());
    expect(plain.stamp(saying({})).serialize()).toEqual(plain.serialize());
  });

  it('keeps what it was stamped with before [CV-388]', () => {
    const { add } = new CanvasScene();
    const twice = add
      .s(2, 2)
      .stamp({ one: 1 })
      .stamp(saying({ two: 2 }));
    expect(stampsIn(twice)).toEqual([['add', { one: 1, two: 2 }]]);
  });

  it('has the last value of a name, or all of them in a list [CV-132, CV-388]', () => {
    const { add } = new CanvasScene();
    const first = add.s(2, 2).stamp({ tenant: 'blue', tags: ['a'] });
    const second = { tenant: 'red', tags: ['b'] };
    const appendStamps = true;
    for (const last of [first.stamp(second), first.stamp(saying(second))])
      expect(stampsIn(last)).toEqual([['add', second]]);
    for (const all of [first.stamp(second, { appendStamps }), first.stamp(saying(second), { appendStamps })])
      expect(stampsIn(all)).toEqual([['add', { tenant: ['red', 'blue'], tags: ['b', 'a'] }]]);
  });

  it.each([
    ['a boolean', true],
    ['a number', 42],
    ['null', null],
    ['a list', ['one', 'two']],
    ['a set', new Set(['one', 'two'])],
    ['a string', 'one'],
    ['a UUID', new Uuid('12345678-1234-4234-8234-123456789012')],
    ['an object', { of: ['one'] }],
  ])('may have %s for a value, in every workflow [CV-386]', (_what, value) => {
    const scene = new CanvasScene();
    const visitor: StampingVisitor = {
      onSignature: () => ({ call: value }),
      onCallback: () => ({ callback: value }),
      onErrback: () => ({ errback: value }),
    };
    for (const make of Object.values(workflows)) {
      const linked = make(scene).link(chain(scene.note.si(1), scene.note.si(2)));
      const stamped = linked.linkError(scene.note.s()).stamp(visitor);
      const stamps = stampsIn(stamped);
      expect(stamps.length).toBeGreaterThan(3);
      for (const [, own] of stamps.filter(([task]) => task !== 'note')) expect(own).toEqual({ call: value });
      const [first, second, ...errbacks] = stamps.filter(([task]) => task === 'note').map(([, own]) => own);
      for (const own of [first, second]) expect(own).toEqual({ callback: value, call: value });
      // Of a group it is in the message of each member.
      expect(errbacks.length).toBeGreaterThan(0);
      for (const own of errbacks) expect(own).toEqual({ errback: value, call: value });
    }
  });

  it.each(Object.entries(workflows))(
    'is whole: every message of %s has the stamps [CV-292, CV-386]',
    async (_, make) => {
      const scene = new CanvasScene();
      const plain = await make(scene).applyAsync();
      const sentPlain = scene.ran.splice(0);
      const stamped = await make(scene)
        .stamp({ tenant: 'blue' })
        .stamp(saying({ stamp: 42 }))
        .applyAsync();
      expect(await stamped.get()).toEqual(await plain.get());
      const sent = scene.ran.map(({ task, stampedHeaders, stamps }) => [task, stampedHeaders, stamps]);
      // What only collects results for a chord is made when the workflow is sent.
      const own = sent.filter(([task]) => task !== 'celery.accumulate');
      expect(own.map(([task]) => task)).toEqual(
        sentPlain.map(({ task }) => task).filter((task) => task !== 'celery.accumulate'),
      );
      for (const [, names, stamps] of own) {
        expect(names).toEqual(['tenant', 'stamp']);
        expect(stamps).toEqual({ tenant: 'blue', stamp: 42 });
      }
    },
  );

  it('that is a group or a chord has the stamps on each of its calls, not on itself [CV-386, CV-391]', () => {
    const { add, total } = new CanvasScene();
    const pair = [add.s(2, 2), add.s(4, 4)] as const;
    const ofGroup = group(pair).stamp({ stamp: 'stamp' });
    expect(ofGroup.serialize().options).toEqual({});
    expect(stampsIn(ofGroup)).toEqual([
      ['add', { stamp: 'stamp' }],
      ['add', { stamp: 'stamp' }],
    ]);
    const ofChord = chord(pair, total.s()).stamp({ stamp: 'stamp' });
    expect(ofChord.serialize().options).toEqual({});
    expect(stampsIn(ofChord)).toEqual([
      ['add', { stamp: 'stamp' }],
      ['add', { stamp: 'stamp' }],
      ['total', { stamp: 'stamp' }],
    ]);
  });

  it('keeps its values when it is sent with others, which are added [CV-137]', async () => {
    const { add, ran } = new CanvasScene();
    const stamped = add.s(1, 1).stamp({ tenant: 'blue' });
    const stamps = { tenant: 'red', order: 17 };
    await stamped.applyAsync([], { stamps });
    await chain(stamped, add.s(1)).applyAsync([], { stamps });
    await group([stamped, add.s(2, 2)]).applyAsync([], { stamps });
    const kept = { tenant: 'blue', order: 17 };
    expect(ran.map((message) => message.stamps)).toEqual([kept, kept, {}, kept, stamps]);
  });

  it('refuses the name of an option, which stands beside it in messages, and a function', () => {
    const { add } = new CanvasScene();
    for (const name of ['queue', 'link', 'task_id', 'stamped_headers'])
      expect(() => add.s(1, 1).stamp({ [name]: 'x' })).toThrow(TypeError);
    expect(() => add.s(1, 1).stamp({ onGroupStart: () => ({}) })).toThrow(/a visitor needs the method onSignature/);
    expect(() => add.s(1, 1).set({ stamps: { priority: 'high' } })).toThrow(/No stamp can have the name priority/);
  });
});

describe('a signature that came from elsewhere', () => {
  it('may be stamped with what would be refused here, and is sent and stamped all the same [CV-137]', async () => {
    const { app, add, ran } = new CanvasScene();
    const odd = { stamped_headers: ['priority', 'tenant'], priority: 'high', tenant: 'blue' };
    const wire = { ...group([add.s(1, 1), add.s(2, 2).stamp({ tenant: 'red' })]).serialize(), options: odd };
    await app.signature(wire).delay();
    await app
      .signature({ ...add.s(3, 3).serialize(), options: odd })
      .stamp({ order: 17 })
      .applyAsync([], { stamps: { tenant: 'red', more: 1 } });
    expect(ran.map(({ stamps }) => stamps)).toEqual([
      { priority: 'high', tenant: 'blue' },
      { priority: 'high', tenant: 'red' },
      { priority: 'high', tenant: 'blue', order: 17, more: 1 },
    ]);
  });
});

describe('a visitor', () => {
  /** Writes down when it is asked about what. */
  function diary() {
    const lines: string[] = [];
    const note =
      (hook: string, name: string) =>
      (signature: VisitedSignature, { stamps }: { stamps: object }) => {
        const parts = signature.parts.map(({ task }) => task.replace('celery.', ''));
        lines.push(`${hook} ${signature.task}(${parts.join()}) ${Object.keys(stamps).join()}`.trim());
        return { [name]: true };
      };
    const visitor: StampingVisitor = {
      onSignature: note('signature', 'S'),
      onGroupStart: note('group', 'G'),
      onGroupEnd: note('group end', ''),
      onChainStart: note('chain', 'C'),
      onChainEnd: note('chain end', ''),
      onChordBody: note('body', 'B'),
      onCallback: note('callback', 'L'),
      onErrback: note('errback', 'E'),
    };
    return { lines, note, visitor };
  }

  it('is asked about each part, with what is given there already [CV-130, CV-134, SD-375]', () => {
    const { add, total, note, same } = new CanvasScene();
    const { lines, visitor } = diary();
    const flow = chain(
      add.s(1, 1).link(note.s()),
      chord([add.s(1), chain(add.s(2), add.s(3))], total.s()),
      group([same.s(), same.s()]),
    );
    const stamped = flow.stamp(visitor);
    expect(lines).toEqual([
      'chain celery.chain(add,chord,group)',
      'callback note() C',
      'signature note() C,L',
      'signature add() C',
      'group celery.group(add,chain) C',
      'signature add() C,G',
      'chain celery.chain(add,add) C,G',
      'signature add() C,G',
      'signature add() C,G',
      'chain end celery.chain(add,add) C,G',
      'group end celery.group(add,chain) C,G',
      'body celery.chord(add,chain,total) C,G',
      'signature total() C,G,B',
      'group celery.group(same,same) C',
      'signature same() C,G',
      'signature same() C,G',
      'group end celery.group(same,same) C,G',
      'chain end celery.chain(add,chord,group) C',
    ]);
    expect(stampsIn(stamped)).toEqual([
      ['add', { C: true, S: true }],
      ['note', { C: true, L: true, S: true }],
      ['add', { C: true, G: true, S: true }],
      ['add', { C: true, G: true, S: true }],
      ['add', { C: true, G: true, S: true }],
      ['total', { C: true, G: true, B: true, S: true }],
      ['same', { C: true, G: true, S: true }],
      ['same', { C: true, G: true, S: true }],
    ]);
  });

  it('is asked about the header of a chord as about a group, unless it says otherwise [CV-134]', () => {
    const { add, total } = new CanvasScene();
    const { lines, note, visitor } = diary();
    const flow = chain(group([add.s(1, 1)]), total.s());
    flow.stamp(visitor);
    const own: StampingVisitor = {
      ...visitor,
      onChordHeaderStart: note('header', 'H'),
      onChordHeaderEnd: note('header end', ''),
    };
    const stamped = flow.stamp(own);
    expect(lines.map((line) => line.split(' celery.')[0])).toEqual([
      ...['group', 'signature add() G', 'group end', 'body', 'signature total() G,B'],
      ...['header', 'signature add() H', 'header end', 'body', 'signature total() H,B'],
    ]);
    expect(stampsIn(stamped)).toEqual([
      ['add', { H: true, S: true }],
      ['total', { H: true, B: true, S: true }],
    ]);
  });

  it('sees the signature that it stamps [CV-387]', () => {
    const { add, total, note } = new CanvasScene();
    const seen: VisitedSignature[] = [];
    const visitor: StampingVisitor = {
      onSignature: (signature) => {
        seen.push(signature);
        return { name: signature.task };
      },
      onChordBody: (whole) => ({ parts: whole.parts.map(({ kind, args }) => [kind, args]) }),
    };
    const callback = note.s();
    add.si(4, 2).set({ priority: 3 }).link(callback).stamp({ a: 1 }).stamp(visitor);
    expect(seen.at(-1)).toMatchObject({
      ...{ kind: 'task', task: 'add', args: [4, 2], kwargs: {}, immutable: true, parts: [] },
      options: { priority: 3, stamps: { a: 1 }, link: [{ task: 'note', options: { a: 1, name: 'note' } }] },
    });
    const whole = chord([add.s(1, 1)], total.s()).stamp(visitor);
    expect(stampsIn(whole)[1]).toEqual([
      'total',
      {
        name: 'total',
        parts: [
          ['task', [1, 1]],
          ['task', []],
        ],
      },
    ]);
    const items = add.chunks([[1, 2]], 1).stamp(visitor);
    expect(seen.at(-1)).toMatchObject({ kind: 'chunks', task: 'celery.chunks', kwargs: { it: [[1, 2]], n: 1 } });
    expect(items.serialize().options).toMatchObject({ name: 'celery.chunks' });
  });

  it('may give options, of which only those are stamps that it names [CV-131, CV-388, SD-378]', async () => {
    const { add, note, ran } = new CanvasScene();
    const visitor: StampingVisitor = {
      onSignature: ({ task }) => stampsAndOptions({ header: 'value' }, { headers: { of: task } }),
      onGroupStart: () => stampsAndOptions({}, { shadow: 'grouped' }),
    };
    const stamped = group([add.s(1, 1).link(note.s())]).stamp(visitor);
    expect(callsIn(stamped.serialize()).map(({ options: { link: _, ...options } }) => options)).toEqual([
      { header: 'value', stamped_headers: ['header'], headers: { of: 'add' }, shadow: 'grouped' },
      { header: 'value', stamped_headers: ['header'], headers: { of: 'note' }, shadow: 'grouped' },
    ]);
    await stamped.delay();
    const header = { shadow: 'grouped', stampedHeaders: ['header'], stamps: { header: 'value' } };
    expect(ran).toMatchObject([
      { task: 'add', ...header, headers: { of: 'add' } },
      { task: 'note', ...header, headers: { of: 'note' } },
    ]);
  });

  it('may link something to what it stamps, which is not stamped by it [CV-389]', () => {
    const { add, note } = new CanvasScene();
    const visitor: StampingVisitor = { onSignature: () => stampsAndOptions({ a: 1 }, { link: note.s() }) };
    expect(stampsIn(add.s(1, 1).stamp(visitor))).toEqual([
      ['add', { a: 1 }],
      ['note', {}],
    ]);
  });

  it('has the last word further inside; all its words where they are collected [CV-132]', () => {
    const { add } = new CanvasScene();
    const visitor: StampingVisitor = {
      onSignature: ({ args }) => ({ of: args[0] }),
      onGroupStart: () => ({ of: 'group' }),
      onChainStart: () => ({ of: 'chain' }),
    };
    const flow = group([chain(add.s(1, 1), add.s(2)), add.s(3, 3)]);
    expect(stampsIn(flow.stamp(visitor)).map(([, stamps]) => stamps['of'])).toEqual([1, 2, 3]);
    expect(stampsIn(flow.stamp(visitor, { appendStamps: true })).map(([, stamps]) => stamps['of'])).toEqual([
      ['group', 'chain', 1],
      ['group', 'chain', 2],
      ['group', 3],
    ]);
  });

  it('may be an object of a class, which knows its own state', () => {
    const { add } = new CanvasScene();
    class Numbering implements StampingVisitor {
      #next = 1;
      onSignature() {
        return { number: this.#next++ };
      }
    }
    expect(stampsIn(chain(add.s(1, 1), add.s(2)).stamp(new Numbering()))).toEqual([
      ['add', { number: 1 }],
      ['add', { number: 2 }],
    ]);
  });
});

describe('what is linked to a signature', () => {
  const marking: StampingVisitor = {
    onSignature: () => ({ header: 'value' }),
    onCallback: () => ({ callback: true }),
    onErrback: () => ({ errback: true }),
  };
  const stampedLinks = [
    ['note', { callback: true, header: 'value' }],
    ['same', { errback: true, header: 'value' }],
  ];

  it('is stamped with it, and has none of its own stamps [CV-133, CV-389, SD-377]', () => {
    const { add, note, same, fail, total } = new CanvasScene();
    const linked = add
      .s(1, 1)
      .set({ stamps: { own: 1 } })
      .link(note.s())
      .linkError(same.s());
    expect(stampsIn(linked.stamp(marking))).toEqual([['add', { own: 1, header: 'value' }], ...stampedLinks]);
    const flow = chain(add.s(0, 1), group([add.s(3), fail.si('x')]), chord([total.s(), total.s()], total.s()));
    const stamped = stampsIn(flow.link(note.s()).linkError(same.s()).stamp(marking));
    for (const [, stamps] of stamped.slice(0, -2)) expect(stamps).toEqual({ header: 'value' });
    expect(stamped.slice(-2)).toEqual(stampedLinks);
  });

  it('is not stamped when it is linked later, but by the next visitor [CV-294, CV-389]', async () => {
    const { add, note, same, ran, fail } = new CanvasScene();
    const late = add.s(1, 1).stamp(marking).link(note.s()).linkError(same.s());
    expect(stampsIn(late).slice(1)).toEqual([
      ['note', {}],
      ['same', {}],
    ]);
    const second: StampingVisitor = {
      onSignature: () => ({ header2: 'value2' }),
      onCallback: () => ({ callback2: 'True' }),
      onErrback: () => ({ errback2: 'True' }),
    };
    expect(stampsIn(late.stamp(second))).toEqual([
      ['add', { header: 'value', header2: 'value2' }],
      ['note', { callback2: 'True', header2: 'value2' }],
      ['same', { errback2: 'True', header2: 'value2' }],
    ]);
    const failing = fail.si('x').stamp(marking).linkError(same.s()).stamp(second);
    await late.stamp(second).delay();
    await failing.delay();
    expect(ran.map(({ task, stamps }) => [task, stamps])).toEqual([
      ['add', { header: 'value', header2: 'value2' }],
      ['note', { callback2: 'True', header2: 'value2' }],
      ['fail', { header: 'value', header2: 'value2' }],
      ['same', { errback2: 'True', header2: 'value2' }],
    ]);
  });

  it('is stamped where a sender wrote it as a bare dictionary, without a list [CV-143, CV-296]', async () => {
    const { app, ran } = new CanvasScene();
    const wire = {
      ...{ task: 'same', args: [1], kwargs: {}, subtask_type: null, immutable: false },
      options: { link: { task: 'note' } as never },
    };
    const failing = { ...wire, task: 'fail', options: { link_error: { task: 'note', options: { shadow: 'kept' } } } };
    await app.signature(wire).stamp({ stamp: 42 }).delay();
    await app
      .signature(failing)
      .stamp(saying({ stamp: 42 }))
      .delay();
    expect(ran.map(({ task, shadow, stamps }) => [task, shadow, stamps])).toEqual([
      ['same', null, { stamp: 42 }],
      ['note', null, { stamp: 42 }],
      ['fail', null, { stamp: 42 }],
      ['note', 'kept', { stamp: 42 }],
    ]);
  });

  it('is stamped once, whatever it is linked to [CV-393]', () => {
    const { note, fail, same } = new CanvasScene();
    const given: string[] = [];
    const visitor: StampingVisitor = {
      onSignature: ({ args, options }) => {
        if (options.stamps !== undefined) throw new Error(`${String(args[0])} is stamped already`);
        const stamp = crypto.randomUUID();
        given.push(stamp);
        return { stamp };
      },
    };
    const members = [0, 1, 2].map((n) =>
      fail
        .si(String(n))
        .link(note.si(`link ${n}`))
        .linkError(note.si(`error ${n}`)),
    );
    const [first, second] = [same.si('first'), fail.si('second')];
    const wholes: readonly AnySignature[] = [
      group(members).linkError(note.si('group')),
      chord(members, same.si('body')).linkError(note.si('chord')),
      chain(first, second.linkError(note.si('second'))).linkError(note.si('chain')),
      chain(group(members), same.si('body')).linkError(note.si('chord')),
    ];
    for (const whole of wholes) {
      given.length = 0;
      // The errback of a group is in the message of each member, with one stamp.
      const stamps = stampsIn(whole.stamp(visitor)).map(([, { stamp }]) => stamp);
      expect(new Set(stamps)).toEqual(new Set(given));
    }
  });
});

describe('the message of a stamped signature', () => {
  it('has the stamps in two headers, and among no properties [CV-135, CV-290]', async () => {
    const published: { readonly headers: object; readonly properties: { readonly extra?: object } }[] = [];
    await using app = new Ctq('client', {
      broker: memoryTransport(),
      interceptors: [
        {
          name: 'recorder',
          publish: (call, next) => {
            published.push(call.message);
            return next(call);
          },
        },
      ],
    });
    const add = app.task('add', (x: number, y: number) => x + y);
    await add.s(1, 1).stamp({ tenant: 'blue', user_id: 5 }).delay();
    await app.signature(add.s(1, 1).stamp({ tenant: 'blue', user_id: 5 }).serialize()).delay();
    expect(published).toHaveLength(2);
    for (const { headers, properties } of published) {
      expect(headers).toMatchObject({
        stamped_headers: ['tenant', 'user_id'],
        stamps: { tenant: 'blue', user_id: 5 },
      });
      expect(Object.keys(properties).toSorted()).toEqual(['correlationId', 'deliveryMode', 'priority', 'replyTo']);
    }
  });
});
