import { type Outcome, SoftTimeLimitExceeded, WorkerLostError } from '@ctq/core';
import { ServiceStoppedError } from '@ctq/runtime';
import { describe, expect, test } from 'vitest';
import { WorkerScene } from '../../__fixtures__/worker-scene.js';
import { WorkerShutdownError } from '../../shutdown.js';
import { PoolTrial } from '../conformance/pool-trial.js';
import type { PoolContext, TimeLimits } from '../pool.js';
import { type ScriptedHost, ScriptedHosts } from './__fixtures__/scripted-hosts.js';
import { SlotPool } from './slot-pool.js';
import { SlotStartError } from './slot-start-error.js';

const unlimited: TimeLimits = { softMs: undefined, hardMs: undefined };

const poolOf = (hosts: ScriptedHosts) => (context: PoolContext) =>
  new SlotPool('scripted', context.size ?? 1, hosts.start, context);

async function setup(size: number, changes: Partial<PoolContext> = {}) {
  const hosts = new ScriptedHosts();
  const trial = await PoolTrial.started(poolOf(hosts), { size, ...changes });
  const begin = (task = 'kit.returns') => {
    const execution = trial.execution(task);
    return { execution, outcome: trial.pool.run(execution, unlimited) };
  };
  return { hosts, trial, pool: trial.pool as SlotPool, clock: trial.clock, begin };
}

/** Lets everything happen that needs no time. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
function nth({ all }: ScriptedHosts, count: number): ScriptedHost {
  const host = all[count - 1];
  if (host === undefined) throw new Error(`There is no slot ${count} yet.`);
  return host;
}
/** Lets a task that is the second of its slot succeed. */
async function runOf({ outcome }: { readonly outcome: Promise<Outcome> }, host: ScriptedHost): Promise<Outcome> {
  await turn();
  host.saysEnded(2);
  return await outcome;
}
const unfit = (host: ScriptedHost): void => {
  host.says({ kind: 'unfit', message: 'no module', stack: undefined });
  host.ends(1);
};
const unready = (): void => undefined;

describe('A slot', () => {
  test('is not given a task while it is being ended: the next one runs in its replacement', async () => {
    const { hosts, pool, begin, trial } = await setup(1);
    const [one, other] = [begin(), begin()];
    await turn();
    expect(pool.terminate(one.execution)).toBe(true);
    nth(hosts, 1).saysEnded(1);
    expect((await one.outcome).kind).toBe('success');
    await turn();
    nth(hosts, 1).ends(1);
    await turn();
    expect(nth(hosts, 1).tasks).toEqual(['id-1']);
    expect(nth(hosts, 2).tasks).toEqual(['id-2']);
    nth(hosts, 2).saysEnded(1);
    expect((await other.outcome).kind).toBe('success');
    await trial.stop();
  });

  test('that says something of an earlier task says nothing of the next', async () => {
    const { hosts, begin, trial } = await setup(1);
    const one = begin();
    await turn();
    nth(hosts, 1).saysEnded(1);
    await one.outcome;
    const other = begin();
    await turn();
    nth(hosts, 1).saysEnded(1);
    nth(hosts, 1).saysEnded(2);
    expect(await other.outcome).toMatchObject({ kind: 'success', shown: 'run 2' });
    await trial.stop();
  });

  test('hears of a soft limit for its own task only', async () => {
    const { hosts, begin, trial } = await setup(1);
    const one = begin();
    await turn();
    nth(hosts, 1).saysEnded(1);
    await one.outcome;
    const other = begin();
    await turn();
    one.execution.abort.abort(new SoftTimeLimitExceeded());
    other.execution.abort.abort(new SoftTimeLimitExceeded());
    const aborted = nth(hosts, 1).sent.flatMap((message) => (message.kind === 'abort' ? [message.run] : []));
    expect(aborted).toEqual([1, 2]);
    nth(hosts, 1).saysEnded(2);
    await other.outcome;
    await trial.stop();
  });

  test('that dies before it is ready has not started, whatever it says then', async () => {
    const hosts = new ScriptedHosts();
    hosts.onStart = (host) => host.ends(3);
    const start = PoolTrial.started(poolOf(hosts), { size: 1 });
    await expect(start).rejects.toThrow('The slot 1 ended before it was ready: exit code 3');
    nth(hosts, 1).says({ kind: 'ready' });
    await turn();
    expect(hosts.all).toHaveLength(1);
  });

  test('that is taken for an idle one and dies with its task is lost, and replaced [WK-076]', async () => {
    const { hosts, begin, trial } = await setup(1);
    const one = begin();
    await turn();
    nth(hosts, 1).ends(9);
    const outcome = await one.outcome;
    expect(outcome).toMatchObject({ kind: 'failure', reason: 'worker-lost' });
    expect(outcome.kind === 'failure' && WorkerLostError.isInstance(outcome.error)).toBe(true);
    await turn();
    expect(hosts.all).toHaveLength(2);
    await trial.stop();
  });
});

describe('A task that waits for a slot', () => {
  test('can be terminated: it is not run', async () => {
    const { hosts, pool, begin, trial } = await setup(1);
    const [one, other] = [begin(), begin()];
    await turn();
    expect(pool.terminate(other.execution)).toBe(true);
    expect(await other.outcome).toMatchObject({ kind: 'failure', reason: 'worker-lost' });
    expect(pool.terminate(other.execution)).toBe(false);
    nth(hosts, 1).saysEnded(1);
    await one.outcome;
    await turn();
    expect(nth(hosts, 1).tasks).toEqual(['id-1']);
    await trial.stop();
  });

  test('is let go when the pool is abandoned, with the reason', async () => {
    const { hosts, pool, begin, trial } = await setup(1);
    const [one, other] = [begin(), begin()];
    await turn();
    const reason = new WorkerShutdownError();
    pool.abandon(reason);
    expect(await other.outcome).toMatchObject({ kind: 'failure', reason: 'worker-lost' });
    expect([one.execution.abort.reason, other.execution.abort.reason]).toEqual([reason, reason]);
    nth(hosts, 1).saysEnded(1);
    await one.outcome;
    await trial.stop();
  });

  test('is not run when its worker has let go of it meanwhile', async () => {
    const { hosts, begin, trial } = await setup(1);
    const [one, other, last] = [begin(), begin(), begin()];
    await turn();
    other.execution.abort.abort(new WorkerShutdownError());
    nth(hosts, 1).saysEnded(1);
    await one.outcome;
    expect(await other.outcome).toMatchObject({ kind: 'failure', reason: 'worker-lost' });
    await turn();
    expect(nth(hosts, 1).tasks).toEqual(['id-1', 'id-3']);
    nth(hosts, 1).saysEnded(2);
    await last.outcome;
    await trial.stop();
  });

  test('is lost when the pool stops', async () => {
    const { hosts, begin, trial } = await setup(1);
    const [one, other] = [begin(), begin()];
    await turn();
    const stop = trial.stop();
    expect(await other.outcome).toMatchObject({ kind: 'failure', reason: 'worker-lost' });
    nth(hosts, 1).saysEnded(1);
    await one.outcome;
    await stop;
  });
});

describe('The size of a pool with slots', () => {
  test('stays what it was when a slot cannot be added; those that were are let go', async () => {
    const { hosts, pool, trial } = await setup(1);
    hosts.onStart = (host) => (host.title === 'slot 2' ? host.says({ kind: 'ready' }) : unfit(host));
    const resized = pool.resize(3);
    expect(SlotStartError.isInstance(await resized.catch((error: unknown) => error))).toBe(true);
    expect(pool.size).toBe(1);
    await trial.clock.advance(60_000);
    expect(hosts.all.map(({ sent }) => sent.at(-1)?.kind)).toEqual(['open', 'close', 'open']);
    hosts.onStart = (host) => host.says({ kind: 'ready' });
    await pool.resize(2);
    expect(pool.size).toBe(2);
    await trial.stop();
  });

  test('is changed by one call after the other', async () => {
    const { hosts, pool, trial } = await setup(1);
    const first = new Set(['slot 2', 'slot 3', 'slot 4']);
    hosts.onStart = (host) => (first.has(host.title) ? unfit(host) : host.says({ kind: 'ready' }));
    const failing = pool.resize(4);
    const following = pool.resize(2);
    await expect(failing).rejects.toThrow('no module');
    await following;
    expect([pool.size, hosts.all.length]).toEqual([2, 5]);
    await trial.stop();
  });

  test('is not raised any more when the pool is stopped, which is no failure of its own', async () => {
    const { hosts, pool, trial } = await setup(1);
    hosts.onStart = unready;
    const resized = pool.resize(2);
    await turn();
    const stop = trial.stop();
    nth(hosts, 2).ends(0);
    await stop;
    expect(ServiceStoppedError.isInstance(await resized.catch((error: unknown) => error))).toBe(true);
    await expect(pool.resize(3)).rejects.toThrow(ServiceStoppedError);
  });

  test('may be changed before the start, which starts as many', async () => {
    const hosts = new ScriptedHosts();
    let pool: SlotPool | undefined;
    const trial = PoolTrial.started(
      (context) => {
        pool = poolOf(hosts)(context);
        void pool.resize(3);
        return pool;
      },
      { size: 1 },
    );
    await (await trial).clock.advance(0);
    await turn();
    expect([pool?.size, hosts.all.length]).toEqual([3, 3]);
    await (await trial).stop();
  });

  test('is smaller at once when all are busy: those that are too many leave when they are free [WK-083]', async () => {
    const { hosts, pool, begin, trial } = await setup(2);
    const both = [begin(), begin()];
    await turn();
    await pool.resize(1);
    expect(pool.size).toBe(1);
    for (const host of hosts.all) host.saysEnded(1);
    for (const { outcome } of both) expect((await outcome).kind).toBe('success');
    await turn();
    expect(new Set(hosts.all.map(({ sent }) => sent.at(-1)?.kind))).toEqual(new Set(['close', 'run']));
    await trial.stop();
  });

  test('holds for a replacement that was started when it was larger', async () => {
    const { hosts, pool, begin, trial } = await setup(2);
    const [one, other] = [begin(), begin()];
    await turn();
    hosts.onStart = unready;
    nth(hosts, 1).ends(1);
    await Promise.race([one.outcome, other.outcome]);
    await turn();
    await pool.resize(1);
    nth(hosts, 3).says({ kind: 'ready' });
    await turn();
    expect(hosts.all.map(({ sent }) => sent.at(-1)?.kind)).toEqual(['run', 'run', 'close']);
    nth(hosts, 2).saysEnded(1);
    await Promise.all([one.outcome, other.outcome]);
    expect((await runOf(begin(), nth(hosts, 2))).kind).toBe('success');
    await trial.stop();
  });
});

describe('Slots that do not come up', () => {
  test('in the time that the worker gives them end its start [ST-203, WK-074]', async () => {
    await using scene = new WorkerScene({ workerProcAliveTimeout: '4s' });
    const hosts = new ScriptedHosts();
    hosts.onStart = unready;
    const worker = scene.worker({ pool: poolOf(hosts), module: 'file:///app.js', concurrency: 1 });
    const start = worker.start();
    await turn();
    await scene.clock.advance(3_999);
    expect(nth(hosts, 1).wasKilled).toBe(false);
    await scene.clock.advance(1);
    expect(nth(hosts, 1).wasKilled).toBe(true);
    nth(hosts, 1).ends(1);
    await expect(start).rejects.toThrow('The slot 1 was not ready within 4s');
  });

  test('one start that failed leaves nothing that goes on', async () => {
    const hosts = new ScriptedHosts();
    hosts.onStart = (host) => {
      if (host.title === 'slot 1') {
        host.says({ kind: 'ready' });
        host.ends(1);
      }
    };
    let clock: PoolContext['clock'] | undefined;
    const start = PoolTrial.started(
      (context) => {
        clock = context.clock;
        return poolOf(hosts)(context);
      },
      { size: 2 },
    );
    await turn();
    unfit(nth(hosts, 2));
    await expect(start).rejects.toThrow('no module');
    await turn();
    expect(hosts.all).toHaveLength(2);
    expect(clock).toMatchObject({ pendingTimers: 0 });
  });

  test('end the pool after five attempts in a row [WK-075]', async () => {
    const { hosts, pool, begin, trial } = await setup(1);
    const one = begin();
    await turn();
    hosts.onStart = unfit;
    nth(hosts, 1).ends(1);
    await one.outcome;
    await turn();
    expect(hosts.all).toHaveLength(2);
    await trial.clock.advance(60_000);
    expect((await pool.failed).message).toContain('no module');
    expect(hosts.all).toHaveLength(6);
    await trial.stop();
  });

  test('are attempts of their own when many died at once: one wave does not end the pool', async () => {
    const { hosts, pool, begin, trial } = await setup(8);
    const running = Array.from({ length: 8 }, () => begin());
    await turn();
    hosts.onStart = unfit;
    for (const host of hosts.all) host.ends(1);
    for (const { outcome } of running) await outcome;
    await turn();
    expect(hosts.all).toHaveLength(16);
    expect(await Promise.race([pool.failed, turn()])).toBeUndefined();
    hosts.onStart = (host) => host.says({ kind: 'ready' });
    await trial.clock.advance(1_000);
    expect(hosts.all).toHaveLength(24);
    await trial.stop();
  });

  test('that die before they have run a task have not come up', async () => {
    const { hosts, pool, trial } = await setup(1);
    hosts.onStart = (host) => {
      host.says({ kind: 'ready' });
      setImmediate(() => host.ends(4));
    };
    nth(hosts, 1).ends(4);
    for (let attempt = 0; attempt < 6; attempt += 1) {
      await turn();
      await trial.clock.advance(10_000);
      await turn();
    }
    expect((await pool.failed).message).toMatch(/slot 5 ended before it had run a task: exit code 4/);
    expect(hosts.all).toHaveLength(5);
    await trial.stop();
  });
});

describe('Stopping a pool with slots', () => {
  test('does not wait past its deadline for one that leaves while its hooks wait to hear', async () => {
    const recycle = { maxTasks: 1, maxMemoryKiB: Number.POSITIVE_INFINITY };
    const { hosts, begin, trial } = await setup(1, { recycle });
    const one = begin();
    await turn();
    nth(hosts, 1).saysEnded(1, { wantsToBeTold: true });
    await one.outcome;
    await turn();
    expect(hosts.all).toHaveLength(2);
    await trial.stop(1_000);
    expect(nth(hosts, 1).sent.at(-1)?.kind).toBe('close');
  });
});
