import { chain, chord, TaskRevokedError, type TreeChange } from '@ctq/core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually, MixedFleet } from './mixed-fleet.js';
import { describeOverRedis } from './places.js';
import { makingPythonMs } from './python/environment.js';

const soon = { timeout: '20s' } as const;

describeOverRedis('A workflow of both languages', 'interopWholeWorkflows', (place) => {
  const fleet = new MixedFleet(place);
  const { app } = fleet;
  const echo = app.task('typescript.echo', (value: unknown) => value);
  const total = app.task('typescript.total', (values: readonly unknown[]) => values.length);
  const begun = new Set<string>();
  const waiting = app.task('typescript.waiting', async (gate: string) => {
    begun.add(gate);
    await fleet.gates.waitFor(gate);
  });
  // Python sends what has no queue to its own.
  const typescript = { queue: 'typescript' } as const;
  const gated = (gate: string) => app.signature('python.gated', [gate], {}, { queue: 'python' }).asImmutable();
  const pythonEcho = app.signature('python.echo', [], {}, { queue: 'python' });

  beforeAll(() => fleet.start(), makingPythonMs);
  afterAll(() => fleet.stop(), 30_000);

  /** Resolves when the ctq worker knows of all that was revoked before. */
  async function heard(): Promise<void> {
    for (let isHeard = false; !isHeard; ) {
      const taskId = crypto.randomUUID();
      await app.revoke(taskId);
      const probe = await echo.applyAsync(['probe'], { taskId });
      isHeard = TaskRevokedError.isInstance(await probe.get({ ...soon, propagate: false }));
    }
  }

  /** Lets the gated task go on whenever it is seen to have come to its gate. */
  async function letThrough(gate: string, comesTo: (state: string) => Promise<boolean>): Promise<void> {
    for (const state of ['STARTED', 'PROGRESS']) {
      await eventually(() => comesTo(state));
      await fleet.gates.open(gate);
    }
  }

  const isIn = (task: { state(): Promise<string> }) => async (state: string) => (await task.state()) === state;

  test('is followed through both', async () => {
    const gate = crypto.randomUUID();
    const members = [echo.s().set(typescript), pythonEcho];
    const result = await chain(gated(gate), chord(members, total.s().set(typescript)), pythonEcho).delay();
    const seen: TreeChange[] = [];
    const followed = (async () => {
      for await (const change of result.watchTree(soon)) seen.push(change);
    })();
    await letThrough(gate, async (state) => seen.at(-1)?.state === state);
    await followed;
    expect(seen.slice(0, 2).map(({ state }) => state)).toEqual(['STARTED', 'PROGRESS']);
    // What follows a task is sent before its result is stored, and may end first.
    expect(seen.at(-1)?.counts).toEqual({ known: 5, done: 5, succeeded: 5, failed: 0, revoked: 0 });
    expect(seen.find(({ id }) => id === result.id)).toMatchObject({ kind: 'success', value: 2 });
  });

  test('is followed to its end where Celery stores nothing for what follows a revoked task', async () => {
    const late = pythonEcho.set({ expires: new Date(Date.now() - 1_000) });
    const result = await chain(echo.s('on time'), late, pythonEcho, echo.s()).delay();
    let last: TreeChange | undefined;
    for await (const change of result.watchTree(soon)) last = change;
    expect(last?.counts).toEqual({ known: 4, done: 2, succeeded: 1, failed: 0, revoked: 1 });
  });

  test('that is cancelled ends behind the tasks that run, with the body of its chord', async () => {
    const [gate, ours] = [crypto.randomUUID(), crypto.randomUUID()];
    const header = [gated(gate), chain(waiting.s(ours), echo.s())];
    const result = await chain(chord(header, total.s()), pythonEcho).delay();
    const members = result.parent?.parent;
    const [python] = members !== undefined && 'results' in members ? members.results : [];
    if (python === undefined || 'results' in python) throw new TypeError('The first member is a task.');
    await eventually(async () => begun.has(ours) && (await python.state()) === 'STARTED');
    await result.cancel();
    await heard();
    await fleet.gates.open(ours);
    await expect(result.get(soon)).rejects.toThrow(TaskRevokedError);
    await letThrough(gate, isIn(python));
    let last: TreeChange | undefined;
    for await (const change of result.watchTree(soon)) last = change;
    expect(last?.counts).toEqual({ known: 5, done: 5, succeeded: 2, failed: 0, revoked: 3 });
  });

  test('that is cancelled sends nothing to Python behind a task of ctq', async () => {
    const gate = crypto.randomUUID();
    const result = await chain(gated(gate), echo.s().set(typescript), pythonEcho).delay();
    const first = app.asyncResult(result.parent?.parent?.id ?? '');
    await eventually(async () => (await first.state()) === 'STARTED');
    await result.cancel();
    await heard();
    await letThrough(gate, isIn(first));
    await expect(result.get(soon)).rejects.toThrow(TaskRevokedError);
    expect(await first.get(soon)).toBe('through');
  });
});
