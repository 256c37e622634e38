import { describe, expect, test } from 'vitest';
import { nth, scriptedPool, type ScriptedPool, turn } from './__fixtures__/scripted-pool.js';
import type { ScriptedHost } from './__fixtures__/scripted-hosts.js';

/** Runs a task so often, one after the other, that it is known to be short. */
async function prove({ begin, hosts }: ScriptedPool): Promise<void> {
  for (let count = 0; count < 8; count += 1) {
    const { outcome } = begin();
    await turn();
    for (const host of hosts.all) host.saysEnded(host.given);
    await outcome;
  }
  for (const host of hosts.all) host.forgetsWhatItWasSent();
}

async function proven(size: number, changes: Parameters<typeof scriptedPool>[1] = {}): Promise<ScriptedPool> {
  const scene = await scriptedPool(size, changes);
  await prove(scene);
  return scene;
}

const recalled = ({ sent }: ScriptedHost): readonly number[] =>
  sent.flatMap((message) => (message.kind === 'recall' ? message.runs : []));

describe('Tasks that are known to be short', () => {
  test('are not known for it before some of them have run', async () => {
    const { hosts, pool, begin, trial } = await scriptedPool(1);
    const { outcome } = begin();
    expect(pool.takesAhead(trial.execution('kit.returns'))).toBe(false);
    await turn();
    nth(hosts, 1).saysEnded(1);
    await outcome;
    await trial.stop();
  });

  test('are given to a slot before it is done with the last one, in one message', async () => {
    const { hosts, pool, begin, trial } = await proven(1);
    const first = begin();
    expect(pool.takesAhead(trial.execution('kit.returns'))).toBe(true);
    const others = [begin(), begin()];
    await turn();
    const host = nth(hosts, 1);
    expect(host.tasks).toEqual([first, ...others].map(({ execution }) => execution.message.id));
    expect(host.batches).toBe(1);
    for (const run of [9, 10, 11]) host.saysEnded(run);
    for (const { outcome } of [first, ...others]) expect((await outcome).kind).toBe('success');
    await trial.stop();
  });

  test('leave one free slot when the last two of them end at once: what is not short is not put behind another', async () => {
    const { hosts, begin, trial } = await proven(1);
    const short = [begin(), begin()];
    await turn();
    const host = nth(hosts, 1);
    for (const run of [9, 10]) host.saysEnded(run);
    for (const { outcome } of short) await outcome;
    const long = [begin('kit.returnsLater'), begin('kit.returnsLater')];
    await turn();
    expect(host.given).toBe(11);
    host.saysEnded(11);
    await long[0]?.outcome;
    await turn();
    expect(host.given).toBe(12);
    host.saysEnded(12);
    await long[1]?.outcome;
    await trial.stop();
  });

  test('are not blamed for the end of a slot whose hooks have not heard of the task before them', async () => {
    const { hosts, begin, trial } = await proven(1);
    const [one, other] = [begin(), begin()];
    await turn();
    nth(hosts, 1).saysEnded(9, { wantsToBeTold: true });
    expect((await one.outcome).kind).toBe('success');
    nth(hosts, 1).ends(9);
    await turn();
    await turn();
    expect(nth(hosts, 2).tasks).toEqual([other.execution.message.id]);
    nth(hosts, 2).saysEnded(1);
    expect((await other.outcome).kind).toBe('success');
    await trial.stop();
  });

  test('are given to the slot with the least to do', async () => {
    const { hosts, begin, trial } = await proven(2);
    const begun = Array.from({ length: 6 }, () => begin());
    await turn();
    expect(hosts.all.map(({ tasks }) => tasks.length)).toEqual([3, 3]);
    for (const host of hosts.all) for (let run = 1; run <= host.given; run += 1) host.saysEnded(run);
    for (const { outcome } of begun) await outcome;
    await trial.stop();
  });

  test('run elsewhere when their slot ends before they begin: only the one that ran is lost', async () => {
    const { hosts, begin, trial } = await proven(1);
    const [one, other] = [begin(), begin()];
    await turn();
    nth(hosts, 1).ends(9);
    expect(await one.outcome).toMatchObject({ kind: 'failure', reason: 'worker-lost' });
    await turn();
    expect(nth(hosts, 2).tasks).toEqual([other.execution.message.id]);
    nth(hosts, 2).saysEnded(1);
    expect((await other.outcome).kind).toBe('success');
    await trial.stop();
  });

  test('are taken back where one before them is not short this time, and run in the slot that is free first', async () => {
    const { hosts, pool, clock, begin, trial } = await proven(2);
    const begun = Array.from({ length: 4 }, () => begin());
    await turn();
    const [stuck, free] = [nth(hosts, 1), nth(hosts, 2)];
    const [, behind] = stuck.tasks;
    for (let run = 1; run <= free.given; run += 1) free.saysEnded(run);
    await clock.advance(25);
    const runs = recalled(stuck);
    expect(runs).toHaveLength(1);
    stuck.says({ kind: 'recalled', runs });
    await turn();
    expect(free.tasks.at(-1)).toBe(behind);
    // From now on nothing is put behind one of them.
    expect(pool.takesAhead(trial.execution('kit.returns'))).toBe(false);
    free.saysEnded(free.given);
    stuck.saysEnded((runs[0] ?? 0) - 1);
    for (const { outcome } of begun) expect((await outcome).kind).toBe('success');
    await trial.stop();
  });

  test('can be terminated before they begin, without an end of the slot', async () => {
    const { hosts, pool, begin, trial } = await proven(1);
    const [one, other] = [begin(), begin()];
    await turn();
    expect(pool.terminate(other.execution)).toBe(true);
    await turn();
    const host = nth(hosts, 1);
    host.says({ kind: 'recalled', runs: recalled(host) });
    expect(await other.outcome).toMatchObject({ kind: 'failure', reason: 'worker-lost' });
    expect(host.wasKilled).toBe(false);
    host.saysEnded(9);
    expect((await one.outcome).kind).toBe('success');
    await trial.stop();
  });

  test('with a time limit wait for a slot of their own: the limit is of the time in which they run', async () => {
    const { hosts, begin, trial } = await proven(1);
    const one = begin();
    const limited = begin('kit.returns', { softMs: undefined, hardMs: 1_000 });
    await turn();
    const host = nth(hosts, 1);
    expect(host.tasks).toEqual([one.execution.message.id]);
    host.saysEnded(9);
    await one.outcome;
    await turn();
    expect(host.tasks).toHaveLength(2);
    host.saysEnded(10);
    await limited.outcome;
    await trial.stop();
  });

  test('are never more than a slot may run before it is replaced', async () => {
    const { hosts, pool, begin, trial } = await proven(1, { recycle: { maxTasks: 10, maxMemoryKiB: 1_000_000 } });
    const both = [begin(), begin()];
    expect(pool.takesAhead(trial.execution('kit.returns'))).toBe(false);
    await turn();
    for (const run of [9, 10]) nth(hosts, 1).saysEnded(run);
    for (const { outcome } of both) await outcome;
    await turn();
    expect(hosts.all).toHaveLength(2);
    await trial.stop();
  });

  test('wait for a free slot where the worker is to be fair [CL-033]', async () => {
    const { hosts, pool, begin, trial } = await proven(1, { fair: true });
    const [one, other] = [begin(), begin()];
    expect(pool.takesAhead(trial.execution('kit.returns'))).toBe(false);
    await turn();
    const host = nth(hosts, 1);
    expect(host.tasks).toEqual([one.execution.message.id]);
    host.saysEnded(9);
    await one.outcome;
    await turn();
    host.saysEnded(10);
    expect((await other.outcome).kind).toBe('success');
    await trial.stop();
  });

  test('are no more when one takes longer than it used to', async () => {
    const { hosts, pool, begin, trial } = await proven(1);
    const one = begin();
    await turn();
    nth(hosts, 1).saysEnded(9, { runtimeMs: 50 });
    await one.outcome;
    const other = begin();
    expect(pool.takesAhead(trial.execution('kit.returns'))).toBe(false);
    await turn();
    nth(hosts, 1).saysEnded(10);
    await other.outcome;
    await trial.stop();
  });
});
