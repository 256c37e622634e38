import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { redisDatabase } from '@ctq/test-services';
import { describeWith } from '@ctq/test-services/vitest';
import { describe, expect, onTestFinished, test } from 'vitest';
import { atATime, limitedApp, type LimitedPlace, rate } from './limited-tasks.js';

const script = fileURLToPath(new URL('../dist/limited-tasks.js', import.meta.url));
const patience = { timeout: 60 };
/** Processes are started, and leases run out, on a machine that has other things to do. */
const timeoutMs = 90_000;

/** Processes that work: each on the default queue and one of its own. */
async function workers({ broker, backend }: LimitedPlace, queues: readonly string[]): Promise<readonly ChildProcess[]> {
  const children = queues.map((queue) => fork(script, [broker, backend, queue], { execArgv: [] }));
  for (const child of children) onTestFinished(() => void child.kill('SIGKILL'));
  await Promise.all(children.map((child) => once(child, 'message')));
  return children;
}

function setup(place: LimitedPlace) {
  const limited = limitedApp(place);
  onTestFinished(() => limited.app.close());
  return limited;
}

function limitsOverProcesses(placeOf: () => LimitedPlace): void {
  test(
    'never let more run at a time than they say, of each key, and all in the end',
    async () => {
      const place = placeOf();
      const { few } = setup(place);
      const keys = ['a', 'b', 'a', 'a', 'a'];
      const queues = ['first', 'second'];
      const calls = await few.enqueueMany(
        Array.from({ length: 400 }, (_, call) => ({
          args: [keys[call % 5] ?? 'a'] as const,
          options: { queue: queues[call % 2] ?? 'first' },
        })),
      );
      await workers(place, queues);
      const runs = await Promise.all(calls.map((call) => call.get(patience)));
      for (const { running } of runs) expect(running).toBeLessThanOrEqual(atATime);
      expect(new Set(runs.map(({ pid }) => pid)).size).toBe(2);
      expect(Math.max(...runs.map(({ running }) => running))).toBe(atATime);
    },
    timeoutMs,
  );

  test(
    'start calls no more often than the rate',
    async () => {
      const place = placeOf();
      const { seldom } = setup(place);
      await workers(place, ['first', 'second']);
      const sentAt = Date.now();
      const calls = await seldom.enqueueMany(Array.from({ length: 60 }, () => ['all'] as const));
      const runs = await Promise.all(calls.map((call) => call.get(patience)));
      const starts = runs.map(({ at }) => at).sort((a, b) => a - b);
      for (const [place, at] of starts.entries()) {
        const allowedAt = sentAt + ((place - rate.burst + 1) * 1_000) / rate.perSecond;
        expect(at).toBeGreaterThanOrEqual(Math.floor(allowedAt));
      }
    },
    timeoutMs,
  );

  test(
    'get back what a worker had that was killed',
    async () => {
      const place = placeOf();
      const { one } = setup(place);
      const [victim] = await workers(place, ['first']);
      if (victim === undefined) throw new Error('no victim');
      const begun = once(victim, 'message');
      const lost = await one.delay('forever');
      expect(await begun).toContain(lost.id);
      const [other] = await workers(place, ['second']);
      const waits = await one.delay('waits');
      victim.kill('SIGKILL');
      expect((await waits.get(patience)).pid).toBe(other?.pid);
    },
    timeoutMs,
  );
}

describe('Limits over processes on SQLite', () => {
  limitsOverProcesses(() => {
    const folder = mkdtempSync(join(tmpdir(), 'ctq-limits-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const url = `sqlite://${join(folder, 'ctq.db')}`;
    return { broker: url, backend: url };
  });
});

describeWith('redis', 'Limits over processes on Redis', (url) => {
  limitsOverProcesses(() => {
    const database = redisDatabase(url, 'soakLimits');
    return { broker: `${database}?global_keyprefix=${crypto.randomUUID()}:`, backend: database };
  });
});
