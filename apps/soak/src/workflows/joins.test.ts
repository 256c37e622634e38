import { chord, Ctq, type MemberOutcome } from '@ctq/core';
import { deferred, silentLogger } from '@ctq/runtime';
import { describeWith } from '@ctq/test-services/vitest';
import { Worker } from '@ctq/worker';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type Place, redisPlace, sqlitePlace } from '../place.js';

const soon = { timeout: 60 };
const chords = 15;
const size = 20;

/** Two workers with their own connections, and a client, over one place. */
async function scene(place: Place) {
  const bodies: string[] = [];
  const held = deferred();
  const make = () => {
    const app = new Ctq('joins', { broker: place.broker, backend: place.backend, logger: silentLogger });
    onTestFinished(() => app.close());
    const odd = app.task('odd', (n: number) => {
      if (n % 2 === 0) throw new RangeError(`${n} is even`);
      return n;
    });
    const body = app.task('body', { bind: true }, ({ request }, given: readonly unknown[]) => {
      bodies.push(request.id);
      return given;
    });
    const never = app.task('never', () => held.promise);
    return { app, odd, body, never };
  };
  for (let index = 0; index < 2; index += 1) {
    const worker = new Worker(make().app, { concurrency: 50, hostname: `joins${index}@host` });
    onTestFinished(async () => {
      held.resolve();
      await worker.stop();
    });
    await worker.start();
  }
  return { ...make(), bodies };
}

const range = (length: number): readonly number[] => Array.from({ length }, (_unused, index) => index);

function suite(open: () => Promise<Place>): void {
  test('of members that end at the same moment on two workers one sends the body, whatever decides', {
    timeout: 90_000,
  }, async () => {
    await using place = await open();
    const { app, odd, body, bodies } = await scene(place);
    const header = range(size).map((n) => odd.s(n));
    const quorum = { onMemberError: { quorum: size / 4 } } as const;
    const reached = await Promise.all(range(chords).map(() => chord(header, body.s(), quorum).delay()));
    const collected = await Promise.all(
      range(chords).map(() => chord(header, body.s(), { onMemberError: 'collect', timeout: '1h' }).delay()),
    );
    const missed = await chord(header, body.s(), { onMemberError: { quorum: size - 1 } }).delay();
    for (const result of reached) {
      const given = (await result.get(soon)) as readonly number[];
      expect(given.length).toBeGreaterThanOrEqual(size / 4);
      expect(given.every((n) => n % 2 === 1)).toBe(true);
    }
    for (const result of collected) {
      const given = (await result.get(soon)) as readonly MemberOutcome<number>[];
      expect(given.map((one) => (one.status === 'fulfilled' ? one.value : one.reason.message))).toEqual(
        range(size).map((n) => (n % 2 === 0 ? `${n} is even` : n)),
      );
    }
    // In another process too, which knows of nothing but the tuple.
    const [told] = reached;
    expect(await app.resultFromTuple(JSON.parse(JSON.stringify(told))).get(soon)).toEqual(await told?.get(soon));
    await expect(missed.get(soon)).rejects.toThrow('Quorum error');
    // Nothing is kept of what is over.
    const store = await app.kernel.store();
    const headers = [...reached, ...collected, missed].map(({ parent }) => `ctq.coordination.chord.${parent?.id}`);
    await expect.poll(async () => (await store.getMany(headers)).size, { timeout: 30_000 }).toBe(0);
    for (const { parent } of reached) expect(parent).toMatchObject({ mayFail: true, length: size });
    expect(bodies.toSorted()).toEqual([...reached, ...collected].map(({ id }) => id).toSorted());
  });

  test('one whose time is over ends while a member runs', { timeout: 90_000 }, async () => {
    await using place = await open();
    const { odd, never, body } = await scene(place);
    const result = await chord([odd.s(1), never.s()], body.s(), { onMemberError: 'collect', timeout: '1s' }).delay();
    expect(await result.get(soon)).toMatchObject([
      { status: 'fulfilled', value: 1 },
      { status: 'rejected', reason: { state: 'PENDING' } },
    ]);
  });
}

describe('Chords that are joined in a way of their own', () => {
  describe('in an SQLite file', () => {
    suite(() => sqlitePlace());
  });
  describeWith('redis', 'in Redis', (url) => {
    suite(() => Promise.resolve(redisPlace(url)));
  });
});
