import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TaskRevokedError } from '@ctq/core';
import { deferred } from '@ctq/runtime';
import { redisDatabase } from '@ctq/test-services';
import { describeWith } from '@ctq/test-services/vitest';
import { Worker } from '@ctq/worker';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { type SentCall, type UniqueOrder, type UniquePlace, uniqueApp } from './unique-tasks.js';

const script = fileURLToPath(new URL('../dist/unique-tasks.js', import.meta.url));

/** A process that sends, or works, as it is told. */
class Party {
  readonly #child: ChildProcess;

  constructor({ broker, backend }: UniquePlace) {
    this.#child = fork(script, [broker, backend], { execArgv: [] });
    onTestFinished(() => void this.#child.kill('SIGKILL'));
  }

  async next(): Promise<unknown> {
    const [message] = (await once(this.#child, 'message')) as [unknown];
    return message;
  }

  tell(order: UniqueOrder): void {
    this.#child.send(order);
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await once(this.#child, 'exit');
  }
}

async function parties(place: UniquePlace, count: number): Promise<readonly Party[]> {
  const all = Array.from({ length: count }, () => new Party(place));
  await Promise.all(all.map((party) => party.next()));
  return all;
}

async function sendAll(senders: readonly Party[], order: UniqueOrder): Promise<readonly SentCall[]> {
  const sent = senders.map((sender) => sender.next());
  for (const sender of senders) sender.tell(order);
  return ((await Promise.all(sent)) as SentCall[][]).flat();
}

function setup(place: UniquePlace, run: (id: string, key: string) => Promise<string>) {
  const unique = uniqueApp(place, run);
  onTestFinished(() => unique.app.close());
  const keys = async (): Promise<readonly string[]> =>
    (await (await unique.app.store()).list?.('ctq.coordination.')) ?? [];
  const work = async (): Promise<void> => {
    const worker = new Worker(unique.app, { concurrency: 20 });
    onTestFinished(() => worker.stop());
    await worker.start();
  };
  return { ...unique, keys, startWorker: work };
}

function uniqueCalls(placeOf: () => UniquePlace): void {
  test('of one key that two processes send fifty times at once leave one message', async () => {
    const place = placeOf();
    const ran: string[] = [];
    const { app, keys, startWorker } = setup(place, (id) => Promise.resolve(String(ran.push(id))));
    const order: UniqueOrder = { kind: 'send', keys: ['a', 'b'], count: 25, options: {} };
    const sent = await sendAll(await parties(place, 2), order);
    expect(sent).toHaveLength(100);
    const accepted = sent.filter(({ conflict }) => conflict === undefined);
    expect(accepted.map(({ key }) => key).sort()).toEqual(['a', 'b']);
    for (const { key, id } of sent) expect(id).toBe(accepted.find((call) => call.key === key)?.id);
    expect(await keys()).toHaveLength(2);
    await startWorker();
    await Promise.all(accepted.map(({ id }) => app.asyncResult(id).get()));
    expect([...ran].sort()).toEqual(accepted.map(({ id }) => id).sort());
    await vi.waitFor(async () => expect(await keys()).toEqual([]), 10_000);
  });

  test('that replace each other while a worker runs them: each that was sent ends, one of a key runs at a time, no key stays taken', async () => {
    const place = placeOf();
    const running = new Set<string>();
    const overlaps: string[] = [];
    const ran = new Set<string>();
    const { app, keys, startWorker } = setup(place, async (id, key) => {
      if (running.has(key)) overlaps.push(id);
      running.add(key);
      await new Promise((resolve) => setImmediate(resolve));
      running.delete(key);
      ran.add(id);
      return key;
    });
    const senders = await parties(place, 2);
    await startWorker();
    const sent: SentCall[] = [];
    for (const count of [1, 5, 12]) {
      const options = { unique: { onConflict: 'replace' } } as const;
      sent.push(...(await sendAll(senders, { kind: 'send', keys: ['a', 'b', 'c'], count, options })));
    }
    const ids = new Set(sent.filter(({ conflict }) => conflict?.outcome !== 'returned').map(({ id }) => id));
    const outcomeOf = async (id: string): Promise<string> => {
      const result = app.asyncResult(id).get({ timeout: '30s' });
      const outcome = await result.catch((error: unknown) => error);
      if (TaskRevokedError.isInstance(outcome)) return outcome.reason.replace(/^replaced by .*/, 'replaced');
      return ran.has(id) ? 'ran' : String(outcome);
    };
    const outcomes = await Promise.all([...ids].map(outcomeOf));
    expect(outcomes.filter((outcome) => outcome !== 'ran' && outcome !== 'replaced')).toEqual([]);
    expect(outcomes).toContain('ran');
    expect(overlaps).toEqual([]);
    await vi.waitFor(async () => expect((await keys()).filter((key) => key.includes('.unique.'))).toEqual([]), 10_000);
  });

  test('of a worker that was killed are run by the next one, and keep their key until then', async () => {
    const place = placeOf();
    const ran = deferred<string>();
    const { work, keys, startWorker } = setup(place, (id) => {
      ran.resolve(id);
      return Promise.resolve('done');
    });
    const [victim] = await parties(place, 1);
    if (victim === undefined) throw new Error('Nobody came.');
    victim.tell({ kind: 'work' });
    expect(await victim.next()).toBe('ready');
    const begun = victim.next();
    const result = await work.delay('a', 1);
    expect(await begun).toBe(result.id);
    await victim.kill();
    expect((await work.delay('a', 2)).id).toBe(result.id);
    await startWorker();
    expect(await result.get({ timeout: '30s' })).toBe('done');
    expect(await ran.promise).toBe(result.id);
    await vi.waitFor(async () => expect(await keys()).toEqual([]), 10_000);
  });
}

describe('unique calls over SQLite', () => {
  uniqueCalls(() => {
    const folder = mkdtempSync(join(tmpdir(), 'ctq-unique-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const url = `sqlite:${join(folder, 'queues.sqlite')}`;
    return { broker: `${url}?leaseDuration=1s`, backend: url };
  });
});

describeWith('redis', 'unique calls over Redis', (url) => {
  uniqueCalls(() => {
    const database = redisDatabase(url, 'soakUnique');
    const prefix = `${crypto.randomUUID()}:`;
    return {
      broker: `${database}?lease_duration=1s&global_keyprefix=${prefix}`,
      backend: `${database}?global_keyprefix=${prefix}`,
    };
  });
});
