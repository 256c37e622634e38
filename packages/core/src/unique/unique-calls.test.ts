import { silentLogger, VirtualClock } from '@ctq/runtime';
import { describe, expect, test } from 'vitest';
import type { KeyValueStore } from '../backend/key-value-store.js';
import { memoryStore } from '../backend/memory-store.js';
import type { AtomicStore } from '../coordination/atomic-store.js';
import { type UniqueBeginning, UniqueCalls, type UniqueClaim } from './unique-calls.js';
import type { Uniqueness } from './unique-rules.js';
import type { OnConflict, UniqueState } from './unique-options.js';
import type { UniqueTicket } from './unique-ticket.js';

const minute = 60_000;

interface Rules {
  readonly onConflict?: OnConflict;
  readonly states?: readonly UniqueState[];
}

/** Two programs that share a store. Whoever asks for a store may be made to wait in between. */
async function setup() {
  const clock = new VirtualClock();
  const store = memoryStore() as KeyValueStore & AtomicStore;
  await store.open({ clock, logger: silentLogger }, new AbortController().signal);
  let before: () => Promise<void> = () => Promise.resolve();
  /** As the store, with `hook` called before each compare and set. */
  const interrupted = new Proxy(store, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== 'function') return member;
      if (name !== 'compareAndSet') return member.bind(target) as unknown;
      return async (...given: unknown[]): Promise<unknown> => {
        const interrupt = before;
        before = () => Promise.resolve();
        await interrupt();
        return (member as (...args: unknown[]) => unknown).apply(target, given);
      };
    },
  });
  const calls = new UniqueCalls({ store: () => Promise.resolve(store), clock });
  const slow = new UniqueCalls({ store: () => Promise.resolve(interrupted), clock });
  const rules = ({ onConflict = 'return', states = ['waiting', 'running'] }: Rules = {}): Uniqueness => ({
    key: 'k',
    windowMs: 10 * minute,
    states,
    onConflict,
  });
  return {
    clock,
    calls,
    slow,
    claim: (id: string, given?: Rules) => calls.claim(id, rules(given), clock.now()),
    begin: (id: string, ticket: UniqueTicket, redelivered = false) => calls.begin(id, ticket, { redelivered }),
    /** Before the next compare and set of `slow`. */
    interrupt: (work: () => Promise<unknown>) => {
      before = async () => void (await work());
    },
    keys: () => store.list?.('') ?? Promise.resolve([]),
  };
}

function ticketOf(claim: UniqueClaim): UniqueTicket {
  if (claim.kind === 'taken') throw new Error(`The key is taken by ${claim.id}.`);
  return claim.ticket;
}

function replacing(claim: UniqueClaim): UniqueClaim & { kind: 'replacing' } {
  if (claim.kind !== 'replacing') throw new Error(`It is ${claim.kind}.`);
  return claim;
}

function versionOf(beginning: UniqueBeginning): number | undefined {
  if (beginning.kind !== 'run') throw new Error(`It was replaced by ${beginning.by}.`);
  return beginning.version;
}

const replace: Rules = { onConflict: 'replace' };

describe('unique calls', () => {
  test('hold a key from the claim to the end', async () => {
    const { calls, claim, begin, keys } = await setup();
    const a = ticketOf(await claim('a'));
    expect(await claim('b')).toEqual({ kind: 'taken', id: 'a' });
    const version = versionOf(await begin('a', a));
    expect(await claim('b')).toEqual({ kind: 'taken', id: 'a' });
    await calls.end('a', a, 'succeeded', version);
    expect(await keys()).toEqual([]);
    expect((await claim('b')).kind).toBe('held');
  });

  test('that are sent again under their own id hold the key that they have', async () => {
    const { claim, begin } = await setup();
    const a = ticketOf(await claim('a'));
    const again = ticketOf(await claim('a'));
    expect([again.version, await claim('b')]).toEqual([a.version, { kind: 'taken', id: 'a' }]);
    expect((await begin('a', again)).kind).toBe('run');
  });

  test('give back a key that is still theirs, and no other', async () => {
    const { calls, claim, clock, keys } = await setup();
    const a = ticketOf(await claim('a'));
    await clock.advance(10 * minute);
    const b = await claim('b');
    expect(b.kind).toBe('held');
    await calls.withdraw(a);
    await calls.end('a', a, undefined);
    expect(await claim('c')).toEqual({ kind: 'taken', id: 'b' });
    await calls.withdraw(ticketOf(b));
    expect(await keys()).toEqual([]);
  });

  test('that begin after their window run beside whoever has the key, and take nothing from it', async () => {
    const { calls, claim, begin, clock } = await setup();
    const a = ticketOf(await claim('a'));
    await clock.advance(10 * minute);
    const b = ticketOf(await claim('b'));
    const version = versionOf(await begin('a', a));
    expect(version).toBeUndefined();
    await calls.end('a', a, 'succeeded', version);
    expect(await claim('c')).toEqual({ kind: 'taken', id: 'b' });
    expect((await begin('b', b)).kind).toBe('run');
  });

  test('that come back after their end run, with the key if it is free', async () => {
    const { calls, claim, begin } = await setup();
    const a = ticketOf(await claim('a'));
    await calls.end('a', a, 'succeeded', versionOf(await begin('a', a)));
    expect(versionOf(await begin('a', a, true))).toBeGreaterThan(0);
    expect(await claim('b')).toEqual({ kind: 'taken', id: 'a' });
  });

  test('of which two want a step at the same time: one takes it', async () => {
    const { slow, claim, begin, interrupt } = await setup();
    const a = ticketOf(await claim('a'));
    // A message that is delivered twice: the second begins while the first is about to.
    let second: UniqueBeginning | undefined;
    interrupt(async () => (second = await begin('a', a)));
    const first = await slow.begin('a', a, { redelivered: false });
    expect([first.kind, second?.kind]).toEqual(['run', 'run']);
    expect(versionOf(first)).toBeGreaterThan(versionOf(second as UniqueBeginning) ?? 0);
  });
});

describe('a call that replaces another one', () => {
  test('does so after it was sent: until then the other one is the one that runs', async () => {
    const { claim, begin } = await setup();
    const a = ticketOf(await claim('a'));
    expect((await claim('b', replace)).kind).toBe('replacing');
    expect((await begin('a', a)).kind).toBe('run');
  });

  test('takes the key; the other one is not run, now or later, and leaves nothing behind', async () => {
    const { calls, claim, begin, keys } = await setup();
    const a = ticketOf(await claim('a'));
    const b = replacing(await claim('b', replace));
    expect(await calls.replace('b', b.ticket, b.found)).toEqual({ outcome: 'replaced', id: 'a' });
    expect(await begin('a', a)).toEqual({ kind: 'replaced', by: 'b' });
    await calls.end('b', b.ticket, 'succeeded', versionOf(await begin('b', b.ticket)));
    expect(await begin('a', a, true)).toEqual({ kind: 'replaced', by: 'b' });
    await calls.forgetReplaced('a', a);
    expect(await keys()).toEqual([]);
  });

  test('is itself replaced by the next one, whatever order their senders finish in', async () => {
    const { calls, slow, claim, begin, interrupt, keys } = await setup();
    const a = ticketOf(await claim('a'));
    const [b, c] = [replacing(await claim('b', replace)), replacing(await claim('c', replace))];
    let other: unknown;
    interrupt(async () => (other = await calls.replace('c', c.ticket, c.found)));
    expect(await slow.replace('b', b.ticket, b.found)).toEqual({ outcome: 'replaced', id: 'c' });
    expect(other).toEqual({ outcome: 'replaced', id: 'a' });
    expect(await begin('a', a)).toEqual({ kind: 'replaced', by: 'c' });
    expect(await begin('c', c.ticket)).toEqual({ kind: 'replaced', by: 'b' });
    await calls.forgetReplaced('a', a);
    await calls.forgetReplaced('c', c.ticket);
    await calls.end('b', b.ticket, 'succeeded', versionOf(await begin('b', b.ticket)));
    expect(await keys()).toEqual([]);
  });

  test('ends as replaced when the other one began meanwhile, and its sender is given that one', async () => {
    const { calls, claim, begin } = await setup();
    const a = ticketOf(await claim('a'));
    const b = replacing(await claim('b', replace));
    const version = versionOf(await begin('a', a));
    expect(await calls.replace('b', b.ticket, b.found)).toEqual({ outcome: 'returned', id: 'a' });
    expect(await begin('b', b.ticket)).toEqual({ kind: 'replaced', by: 'a' });
    await calls.end('a', a, 'succeeded', version);
  });

  test('has the key for itself when the other one has ended meanwhile', async () => {
    const { calls, claim, begin } = await setup();
    const a = ticketOf(await claim('a'));
    const b = replacing(await claim('b', replace));
    await calls.end('a', a, 'succeeded', versionOf(await begin('a', a)));
    expect(await calls.replace('b', b.ticket, b.found)).toBeUndefined();
    expect(versionOf(await begin('b', b.ticket))).toBeGreaterThan(0);
    expect(await claim('c')).toEqual({ kind: 'taken', id: 'b' });
  });

  test('does not wait for a third one that comes when the other one has ended: its sender takes the key for it', async () => {
    const { calls, claim, begin } = await setup();
    const a = ticketOf(await claim('a'));
    const b = replacing(await claim('b', replace));
    await calls.end('a', a, 'succeeded', versionOf(await begin('a', a)));
    await calls.replace('b', b.ticket, b.found);
    expect((await claim('c', replace)).kind).toBe('replacing');
    expect(versionOf(await begin('b', b.ticket))).toBeGreaterThan(0);
  });

  test('that has run by the time its sender finds the key free leaves it free', async () => {
    const { calls, claim, begin } = await setup();
    const a = ticketOf(await claim('a'));
    const b = replacing(await claim('b', replace));
    await calls.end('a', a, 'succeeded', versionOf(await begin('a', a)));
    await calls.end('b', b.ticket, 'succeeded', versionOf(await begin('b', b.ticket)));
    expect(await calls.replace('b', b.ticket, b.found)).toBeUndefined();
    expect((await claim('c')).kind).toBe('held');
  });

  test('that has run by then does not replace who came after it', async () => {
    const { calls, claim, begin } = await setup();
    const a = ticketOf(await claim('a'));
    const b = replacing(await claim('b', replace));
    await calls.end('a', a, 'succeeded', versionOf(await begin('a', a)));
    await calls.end('b', b.ticket, 'succeeded', versionOf(await begin('b', b.ticket)));
    const c = ticketOf(await claim('c'));
    expect(await calls.replace('b', b.ticket, b.found)).toBeUndefined();
    expect(versionOf(await begin('c', c))).toBeGreaterThan(0);
  });

  test('that was dropped for one that ran leaves the key free, however late its sender is', async () => {
    const { calls, claim, begin } = await setup();
    const a = ticketOf(await claim('a'));
    const b = replacing(await claim('b', replace));
    const version = versionOf(await begin('a', a));
    expect(await begin('b', b.ticket)).toEqual({ kind: 'replaced', by: 'a' });
    await calls.end('a', a, 'succeeded', version);
    expect(await calls.replace('b', b.ticket, b.found)).toBeUndefined();
    expect((await claim('c')).kind).toBe('held');
  });

  test('that is received before its sender has said so waits for that', async () => {
    const { calls, claim, begin, clock } = await setup();
    await claim('a');
    const b = replacing(await claim('b', replace));
    const beginning = begin('b', b.ticket);
    await clock.advance(100);
    await calls.replace('b', b.ticket, b.found);
    await clock.advance(50);
    expect(versionOf(await beginning)).toBeGreaterThan(0);
  });

  test('whose sender died meanwhile runs, and so does the other one', async () => {
    const { claim, begin, clock } = await setup();
    const a = ticketOf(await claim('a'));
    const b = replacing(await claim('b', replace));
    const beginning = begin('b', b.ticket);
    await clock.advance(30_050);
    expect(versionOf(await beginning)).toBeUndefined();
    expect(versionOf(await begin('a', a))).toBeGreaterThan(0);
  });

  test('is known to have done so as long as either of them could have the key', async () => {
    const { calls, claim, begin, clock, keys } = await setup();
    const a = ticketOf(await claim('a'));
    await clock.advance(9 * minute);
    const b = replacing(await claim('b', replace));
    await calls.replace('b', b.ticket, b.found);
    await calls.end('b', b.ticket, 'succeeded', versionOf(await begin('b', b.ticket)));
    await clock.advance(9 * minute);
    expect(await begin('a', a)).toEqual({ kind: 'replaced', by: 'b' });
    await clock.advance(minute);
    expect(await keys()).toEqual([]);
  });

  test('replaces only what waits', async () => {
    const { calls, claim, begin } = await setup();
    const states = ['waiting', 'running', 'succeeded'] as const;
    const a = ticketOf(await claim('a', { states }));
    const version = versionOf(await begin('a', a));
    expect(await claim('b', replace)).toEqual({ kind: 'taken', id: 'a' });
    const waiting = await calls.end('a', a, 'waiting', version);
    expect((await claim('b', replace)).kind).toBe('replacing');
    await calls.end('a', a, 'succeeded', waiting);
    expect(await claim('b', replace)).toEqual({ kind: 'taken', id: 'a' });
  });
});
