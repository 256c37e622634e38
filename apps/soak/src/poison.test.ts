import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chord, Ctq } from '@ctq/core';
import { startProgram } from '@ctq/docs-check/program';
import { redisDatabase } from '@ctq/test-services';
import { describeWith } from '@ctq/test-services/vitest';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { deadly, neighbour, sum } from './poison-tasks.js';

const cli = fileURLToPath(import.meta.resolve('@ctq/cli/bin'));
const tasks = fileURLToPath(new URL('../dist/poison-tasks.js', import.meta.url));
const neighbours = 60;

interface Place {
  readonly broker: string;
  readonly backend: string;
}

/** A worker, and another one in its place whenever it dies, until something has got into quarantine. Resolves with the number of deaths. */
async function supervise(place: Place): Promise<number> {
  for (let deaths = 0; ; deaths += 1) {
    const worker = startProgram(cli, ['-A', tasks, 'worker', '-l', 'info', '-c', '50', '-n', `w${deaths}@host`], {
      env: { CTQ_BROKER_URL: place.broker, CTQ_RESULT_BACKEND: place.backend },
      timeoutMs: 120_000,
    });
    onTestFinished(() => worker.kill('SIGKILL'));
    const isOver = await worker.line(/is in the queue celery\.dlq/).then(
      () => true,
      () => false,
    );
    if (isOver) return deaths;
  }
}

/** A task that kills its worker among neighbours that do not. */
async function storm(place: Place): Promise<void> {
  const app = new Ctq('poison', { broker: place.broker, backend: place.backend });
  onTestFinished(() => app.close());
  const add = app.remote<typeof neighbour>('poison.neighbour');
  const kill = app.remote<typeof deadly>('poison.deadly');
  const body = app.remote<typeof sum>('poison.sum');
  const results = await Promise.all(Array.from({ length: neighbours / 2 }, (_, n) => add.delay(n)));
  const summed = await chord([add.s(1), kill.s()], body.s()).delay();
  results.push(...(await Promise.all(Array.from({ length: neighbours / 2 }, (_, n) => add.delay(n)))));

  const deaths = await supervise(place);
  // Unmarked, then beside others, then three times alone.
  expect(deaths).toBe(5);
  await Promise.all(results.map((result) => result.get({ timeout: '60s' })));
  await expect(summed.get({ timeout: '60s' })).rejects.toThrow('took its process down 3 times while it ran alone');

  const quarantine = app.quarantine();
  const found = await quarantine.list();
  expect(found).toMatchObject([{ task: 'poison.deadly', queue: 'celery', reason: 'crashed' }]);
  const [poison] = found;
  expect(poison?.history.map((event) => event.event === 'crash' && event.isAlone)).toEqual([
    false,
    true,
    true,
    true,
    false,
  ]);
  // Looking has left it where it was.
  expect(await quarantine.show(poison?.id ?? '')).toEqual(poison);
  expect(await quarantine.redrive([poison?.id ?? ''])).toEqual([poison?.id]);
  expect(await quarantine.list()).toEqual([]);
  // Sent back uncured, it gets there again. The worker of before still runs, and may be the first to die.
  expect(await supervise(place)).toBeGreaterThanOrEqual(4);
  const again = await quarantine.show(poison?.id ?? '');
  expect(again?.history.filter(({ event }) => event === 'quarantined')).toHaveLength(2);
  expect(Buffer.from(again?.message.body ?? [])).toEqual(Buffer.from(poison?.message.body ?? []));
  expect(await quarantine.purge('all')).toBe(1);
  expect(await quarantine.list()).toEqual([]);
}

describe('A task that kills its worker, on SQLite', () => {
  test('gets into quarantine, and its neighbours are done', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ctq-poison-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const file = join(folder, 'ctq.sqlite');
    await storm({ broker: `sqlite://${file}?leaseDuration=2s`, backend: `sqlite://${file}` });
  }, 180_000);
});

describeWith('redis', 'A task that kills its worker, on Redis', (url) => {
  test('gets into quarantine, and its neighbours are done', async () => {
    const database = redisDatabase(url, 'soakPoison');
    const prefix = `${crypto.randomUUID()}:`;
    await storm({ broker: `${database}?lease_duration=2s&global_keyprefix=${prefix}`, backend: database });
  }, 180_000);
});
