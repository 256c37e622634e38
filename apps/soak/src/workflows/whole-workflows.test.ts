import { redisDatabase } from '@ctq/test-services';
import { describeWith } from '@ctq/test-services/vitest';
import { type AppOptions, chain, chord, Ctq, group, TaskRevokedError, type TreeChange } from '@ctq/core';
import { memoryBackend } from '@ctq/core/backend';
import { memoryTransport } from '@ctq/messaging';
import { deferred } from '@ctq/runtime';
import { Worker } from '@ctq/worker';
import { describe, expect, test } from 'vitest';
import { redisPlace, sqlitePlace } from '../place.js';

type Addresses = Pick<AppOptions, 'broker' | 'backend'>;

/** A client and a worker that know of each other by broker and backend only. */
async function setup({ broker, backend }: Addresses) {
  const begun = deferred();
  const go = deferred();
  const ran: unknown[] = [];
  const define = () => {
    const app = new Ctq('whole', {
      ...(broker === undefined ? {} : { broker }),
      ...(backend === undefined ? {} : { backend }),
    });
    const step = app.task('step', (name: unknown) => {
      ran.push(name);
      return name;
    });
    return {
      ...{ app, step },
      join: app.task('join', (names: readonly unknown[]) => names.length),
      gate: app.task('gate', { bind: true }, async (ctx) => {
        begun.resolve();
        const left = deferred<never>();
        ctx.signal.addEventListener('abort', () => left.reject(ctx.signal.reason), { once: true });
        await Promise.race([go.promise, left.promise]);
        return 'gate';
      }),
      sending: app.task('sending', async () => (await group([step.s('x'), step.s('y')]).delay()).length),
      fails: app.task('fails', (_before: unknown): unknown => {
        throw new RangeError('expected');
      }),
    };
  };
  const [client, other] = [define(), define()];
  const worker = new Worker(other.app, { concurrency: 4 });
  await worker.start();
  return {
    ...{ ...client, begun, go, ran, worker },
    /** Resolves when the worker knows of all that was revoked before: it hears of it in its order. */
    async heard(): Promise<void> {
      for (let isHeard = false; !isHeard; ) {
        const taskId = crypto.randomUUID();
        await client.app.revoke(taskId);
        const probe = await client.step.applyAsync(['probe'], { taskId });
        isHeard = TaskRevokedError.isInstance(await probe.get({ propagate: false, timeout: 60 }));
      }
    },
    async [Symbol.asyncDispose]() {
      go.resolve();
      await worker.stop();
      await Promise.all([client.app.close(), other.app.close()]);
    },
  };
}

async function last(changes: AsyncIterable<TreeChange>): Promise<TreeChange | undefined> {
  let found: TreeChange | undefined;
  for await (const change of changes) found = change;
  return found;
}

/** Tests of whatever these addresses lead to. */
function tests(addresses: () => Promise<Addresses & AsyncDisposable>): void {
  test('is followed to its end, with what its tasks send', { timeout: 60_000 }, async () => {
    await using place = await addresses();
    await using program = await setup(place);
    const { step, join, sending } = program;
    const members = [step.s(), chain(step.s(), sending.si())];
    const result = await chain(step.s('a'), chord(members, join.s()), step.s()).delay();
    const ends = new Map<string, TreeChange>();
    for await (const change of result.watchTree({ timeout: 60 }))
      if (change.kind === 'success') ends.set(change.id, change);
    expect(ends.size).toBe(8);
    expect([...ends.values()].at(-1)?.counts).toEqual({ known: 8, done: 8, succeeded: 8, failed: 0, revoked: 0 });
    expect(ends.get(result.id)).toMatchObject({ value: 2 });
  });

  test('is followed to the end that a failure puts to it', { timeout: 60_000 }, async () => {
    await using place = await addresses();
    await using program = await setup(place);
    const { step, join, fails } = program;
    const result = await chain(fails.s(1), group([step.s(), step.s()]), join.s(), step.s()).delay();
    const change = await last(result.watchTree({ timeout: 60 }));
    expect(change?.counts).toEqual({ known: 5, done: 5, succeeded: 0, failed: 5, revoked: 0 });
  });

  test('is cancelled: nothing of it begins, and whoever waits is told', { timeout: 60_000 }, async () => {
    await using place = await addresses();
    await using program = await setup(place);
    const { step, join, gate, begun, go, ran } = program;
    const result = await chain(gate.si(), chord([step.s('a'), step.s('b')], join.s()), step.s()).delay();
    const counts = last(result.watchTree({ timeout: 60 }));
    await begun.promise;
    await result.cancel();
    await program.heard();
    go.resolve();
    await expect(result.get({ timeout: 60 })).rejects.toThrow(TaskRevokedError);
    expect((await counts)?.counts).toEqual({ known: 5, done: 5, succeeded: 1, failed: 0, revoked: 4 });
    expect(ran.filter((name) => name !== 'probe')).toEqual([]);
  });

  test('is cancelled with what runs', { timeout: 60_000 }, async () => {
    await using place = await addresses();
    await using program = await setup(place);
    const { step, join, gate, begun, ran } = program;
    const many = Array.from({ length: 200 }, (_, n) => step.s(n).set({ countdown: 3_600 }));
    const result = await chord([gate.si(), ...many], join.s()).delay();
    await begun.promise;
    await result.cancel({ terminate: true });
    await expect(result.get({ timeout: 60 })).rejects.toThrow(TaskRevokedError);
    expect(ran).toEqual([]);
  });
}

const inMemory = (): Promise<Addresses & AsyncDisposable> =>
  Promise.resolve({
    broker: memoryTransport(),
    backend: memoryBackend(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  });

describe('A workflow in memory', () => {
  tests(inMemory);
});

describe('A workflow in an SQLite file', () => {
  tests(() => sqlitePlace());
});

describeWith('redis', 'A workflow in Redis', (url) => {
  tests(() => Promise.resolve(redisPlace(redisDatabase(url, 'soakWholeWorkflows'))));
});
