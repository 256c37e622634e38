import { type AppOptions, chain, chord, type Interceptor, type MemberOutcome, type PublishCall } from '@ctq/core';
import { PublishTimeoutError } from '@ctq/messaging';
import { type Deferred, deferred } from '@ctq/runtime';
import { describe, expect, test } from 'vitest';
import { WorkerScene } from './__fixtures__/worker-scene.js';

const soon = { timeout: 10 };

/** Members that end when they are told, and bodies that write down what they are given. */
function setup(options: AppOptions = {}) {
  const published: PublishCall[] = [];
  const recorder: Interceptor = {
    name: 'recorder',
    publish: (call, next) => {
      published.push(call);
      return next(call);
    },
  };
  const scene = new WorkerScene({ ...options, interceptors: [recorder, ...(options.interceptors ?? [])] });
  const { app } = scene;
  const gates = new Map<string, Deferred<() => string>>();
  const gateOf = (name: string): Deferred<() => string> => {
    const found = gates.get(name) ?? deferred<() => string>();
    gates.set(name, found);
    return found;
  };
  return {
    scene,
    gate: (name: string) => ({
      resolve: (given: string) => gateOf(name).resolve(() => given),
      reject: (error: Error) =>
        gateOf(name).resolve(() => {
          throw error;
        }),
    }),
    app,
    published,
    bodies: () => published.filter(({ task }) => task === 'same').length,
    member: app.task('member', async (name: string) => (await gateOf(name).promise)()),
    same: app.task('same', (given: unknown) => given),
    noted: app.task('noted', (failedId: string) => failedId),
  };
}

const chordEntries = async ({ app }: WorkerScene): Promise<readonly string[]> => {
  const store = await app.kernel.store();
  return (await store.list?.('ctq.coordination.chord.')) ?? ['the store cannot list'];
};

const value = (given: string): MemberOutcome<string> => ({ status: 'fulfilled', value: given });

describe('A chord that collects', () => {
  test('calls its body with how each member ended, in the order of the header', async () => {
    const { scene, gate, member, same } = setup();
    await using _ = scene;
    await scene.start();
    const header = [member.s('a'), member.s('b'), member.s('c')];
    const result = await chord(header, same.s(), { onMemberError: 'collect' }).delay();
    gate('c').resolve('third');
    gate('b').reject(new RangeError('no second'));
    gate('a').resolve('first');
    expect(await result.get(soon)).toEqual([
      value('first'),
      {
        status: 'rejected',
        reason: { state: 'FAILURE', type: 'RangeError', message: 'no second', taskId: expect.any(String) },
      },
      value('third'),
    ]);
    await expect.poll(() => chordEntries(scene)).toEqual([]);
  });

  test('tells of a member that was revoked', async () => {
    const { scene, gate, member, same } = setup();
    await using _ = scene;
    await scene.start();
    gate('a').resolve('first');
    const result = await chord([member.s('a'), member.s('b').set({ expires: -1 })], same.s(), {
      onMemberError: 'collect',
    }).delay();
    expect(await result.get(soon)).toMatchObject([
      value('first'),
      { status: 'rejected', reason: { state: 'REVOKED', type: 'TaskRevokedError' } },
    ]);
  });

  test('stands in a chain, travels as JSON and is made again from it', async () => {
    const { scene, app, gate, member, same } = setup();
    await using _ = scene;
    await scene.start();
    gate('a').reject(new RangeError('no first'));
    const workflow = chain(
      same.si('before'),
      chord([member.si('a')], same.s(), { onMemberError: 'collect' }),
      same.s(),
    );
    const again = app.signature(JSON.parse(JSON.stringify(workflow)));
    const result = await again.delay();
    expect(await result.get(soon)).toMatchObject([{ status: 'rejected', reason: { type: 'RangeError' } }]);
  });

  test('inside a chord that fails, and around one, each is joined in its own way', async () => {
    const { scene, gate, member, same } = setup();
    await using _ = scene;
    await scene.start();
    gate('a').reject(new RangeError('no first'));
    gate('b').resolve('second');
    const inner = chord([member.s('a'), member.s('b')], same.s(), { onMemberError: 'collect' });
    const plain = await chord([inner, member.s('b')], same.s()).delay();
    expect(await plain.get(soon)).toMatchObject([[{ status: 'rejected' }, value('second')], 'second']);
    const failing = chord([member.s('a'), member.s('b')], same.s());
    const around = await chord([failing, member.s('b')], same.s(), { onMemberError: 'collect' }).delay();
    expect(await around.get(soon)).toMatchObject([
      { status: 'rejected', reason: { type: 'ChordError', message: expect.stringContaining('no first') } },
      value('second'),
    ]);
  });
});

describe('A chord with a quorum', () => {
  test('calls its body once, as soon as so many have succeeded, and is forgotten when the last has ended', async () => {
    const { scene, gate, member, same, bodies } = setup();
    await using _ = scene;
    await scene.start();
    const header = ['a', 'b', 'c', 'd'].map((name) => member.s(name));
    const result = await chord(header, same.s(), { onMemberError: { quorum: 2 } }).delay();
    gate('d').resolve('fourth');
    await scene.line(/member.*succeeded.*fourth/);
    gate('a').reject(new RangeError('no first'));
    await scene.line(/member.*raised.*no first/);
    gate('b').resolve('second');
    expect(await result.get(soon)).toEqual(['second', 'fourth']);
    expect(await chordEntries(scene)).toHaveLength(1);
    gate('c').resolve('third');
    await expect.poll(() => chordEntries(scene)).toEqual([]);
    expect(bodies()).toBe(1);
  });

  test('calls its body once when all of them end at the same moment', async () => {
    const { scene, gate, member, same, bodies } = setup();
    await using _ = scene;
    await scene.start({ concurrency: 50 });
    const header = Array.from({ length: 50 }, (_unused, index) => member.s(`${index % 5}`));
    const result = await chord(header, same.s(), { onMemberError: { quorum: 7 } }).delay();
    for (let name = 0; name < 5; name += 1) gate(`${name}`).resolve(`${name}`);
    expect((await result.get(soon)) as unknown[]).toHaveProperty('6');
    await expect.poll(() => chordEntries(scene)).toEqual([]);
    expect(bodies()).toBe(1);
  });

  test('fails as soon as so many cannot succeed any more, and its errbacks run', async () => {
    const { scene, gate, member, same, noted, bodies } = setup();
    await using _ = scene;
    await scene.start();
    const body = same.s().linkError(noted.s());
    const result = await chord([member.s('a'), member.s('b'), member.s('c')], body, {
      onMemberError: { quorum: 2 },
    }).delay();
    gate('a').reject(new RangeError('no first'));
    gate('b').reject(new RangeError('no second'));
    await expect(result.get(soon)).rejects.toThrow(
      'Quorum error: 2 of 3 members failed, so that 2 cannot succeed any more',
    );
    await scene.line(/noted.*succeeded/);
    gate('c').resolve('third');
    await expect.poll(() => chordEntries(scene)).toEqual([]);
    expect(bodies()).toBe(0);
  });

  test('is tried again by the member that reached it when the body could not be sent', async () => {
    let refusals = 1;
    const refusing: Interceptor = {
      name: 'refusing',
      publish: async (call, next) => {
        if (call.task === 'same' && refusals-- > 0)
          throw new PublishTimeoutError('The broker is away.', { outcome: 'unknown' });
        await next(call);
      },
    };
    const { scene, gate, member, same } = setup({ interceptors: [refusing] });
    await using _ = scene;
    await scene.start();
    const result = await chord([member.s('a'), member.s('b')], same.s(), { onMemberError: { quorum: 1 } }).delay();
    gate('a').resolve('first');
    await expect.poll(() => refusals).toBe(0);
    await scene.clock.advance(60_000);
    expect(await result.get(soon)).toEqual(['first']);
  });

  test.each([0, 1.5, -1])('of %d is refused', (quorum) => {
    const { member, same } = setup();
    expect(() => chord([member.s('a')], same.s(), { onMemberError: { quorum } })).toThrow(RangeError);
  });

  test('that the header cannot reach is refused; members of groups inside count', () => {
    const { member, same } = setup();
    const build = (quorum: number) => chord([member.s('a'), member.s('b')], same.s(), { onMemberError: { quorum } });
    expect(() => build(3)).toThrow('A quorum of 3 of 2 members is never reached.');
    expect(build(2).kind).toBe('chord');
  });
});

describe('A chord with a timeout', () => {
  test('fails when its header has not ended by then; members that end later change nothing', async () => {
    const { scene, gate, member, same, bodies } = setup();
    await using _ = scene;
    await scene.start();
    const result = await chord([member.s('a'), member.s('b')], same.s(), { timeout: '30s' }).delay();
    gate('a').resolve('first');
    await scene.line(/member.*succeeded/);
    await scene.clock.advance(30_000);
    await expect(result.get(soon)).rejects.toThrow(
      'Time over: 1 of 2 members have ended within 30s, and the chord waits for all',
    );
    gate('b').resolve('second');
    await expect.poll(() => chordEntries(scene)).toEqual([]);
    expect([bodies(), await result.state()]).toEqual([0, 'FAILURE']);
  });

  test('that collects calls its body, with the rest as pending', async () => {
    const { scene, gate, member, same } = setup();
    await using _ = scene;
    await scene.start();
    const result = await chord([member.s('a'), member.s('b'), member.s('c')], same.s(), {
      onMemberError: 'collect',
      timeout: '30s',
    }).delay();
    gate('b').resolve('second');
    await scene.line(/member.*succeeded/);
    await scene.clock.advance(30_000);
    const pending = {
      status: 'rejected',
      reason: { state: 'PENDING', type: 'TimeoutError', message: 'It had not ended within 30s.', taskId: null },
    };
    expect(await result.get(soon)).toEqual([pending, value('second'), pending]);
  });

  test('and a quorum fails with how many there were', async () => {
    const { scene, gate, member, same } = setup();
    await using _ = scene;
    await scene.start();
    const result = await chord([member.s('a'), member.s('b')], same.s(), {
      onMemberError: { quorum: 2 },
      timeout: '30s',
    }).delay();
    gate('b').resolve('second');
    await scene.line(/member.*succeeded/);
    await scene.clock.advance(30_000);
    await expect(result.get(soon)).rejects.toThrow('the chord needs 2 that succeed and has 1');
  });

  test('that is over in time hears no more of it', async () => {
    const { scene, gate, member, same, bodies } = setup();
    await using _ = scene;
    await scene.start();
    gate('a').resolve('first');
    const result = await chord([member.s('a'), member.s('a')], same.s(), { timeout: '30s' }).delay();
    expect(await result.get(soon)).toEqual(['first', 'first']);
    await scene.clock.advance(30_000);
    await scene.line(/ctq\.chord_timeout\[.*succeeded/);
    expect([bodies(), await result.get(soon), await chordEntries(scene)]).toEqual([1, ['first', 'first'], []]);
  });

  test('takes the body from a member that does not come to send it', async () => {
    const [asked, gone] = [deferred(), deferred()];
    let isFirst = true;
    const standing: Interceptor = {
      name: 'standing',
      publish: async (call, next) => {
        if (call.task === 'same' && isFirst) {
          isFirst = false;
          asked.resolve();
          await gone.promise;
        }
        await next(call);
      },
    };
    const { scene, gate, member, same, published } = setup({ interceptors: [standing] });
    await using _ = scene;
    await scene.start();
    gate('a').resolve('first');
    const result = await chord([member.s('a')], same.s(), { timeout: '30s' }).delay();
    await asked.promise;
    await scene.clock.advance(30_000);
    for (let attempt = 1; attempt <= 3; attempt += 1) {
      await expect.poll(() => published.filter(({ task }) => task === 'ctq.chord_timeout').length).toBe(attempt + 1);
      await scene.clock.advance(10_000);
    }
    expect(await result.get(soon)).toEqual(['first']);
    gone.resolve();
  });
});

describe('A chord that is cancelled', () => {
  test('stays revoked when its time is over', async () => {
    const { scene, gate, member, same, noted, published } = setup();
    await using _ = scene;
    await scene.start({ concurrency: 1 });
    const body = same.s().linkError(noted.s());
    const result = await chord([member.s('a'), member.s('b')], body, { timeout: '30s' }).delay();
    await scene.line(/accepted: member/);
    await result.cancel();
    gate('a').resolve('first');
    await expect.poll(() => result.state()).toBe('REVOKED');
    expect(await chordEntries(scene)).toEqual([]);
    await scene.clock.advance(30_000);
    await scene.line(/ctq\.chord_timeout\[.*succeeded/);
    expect([await result.state(), published.filter(({ task }) => task === 'noted')]).toEqual(['REVOKED', []]);
  });
});

describe('A message', () => {
  test('of a member whose chord is joined in an unknown way is refused, once', async () => {
    const { scene, same } = setup();
    await using _ = scene;
    await scene.start();
    const carried = { ...same.s().serialize(), options: { ctq_joined_by: { on_member_error: 'perhaps' } } };
    await scene.publishTask('member', [['a'], {}, { callbacks: null, errbacks: null, chain: null, chord: carried }], {
      group: 'g',
    });
    await scene.line(/does not say in a known way how a chord is joined/);
    expect(await scene.waiting()).toBe(0);
  });

  test('with a chord that is joined in an unknown way is refused', async () => {
    const { app, member, same } = setup();
    const { kwargs, ...rest } = chord([member.s('a')], same.s(), { onMemberError: 'collect' }).serialize();
    const odd = { ...rest, kwargs, options: { ctq_join: { on_member_error: 'perhaps' } } };
    expect(() => app.signature(odd)).toThrow('The message does not say in a known way how a chord is joined.');
  });
});
