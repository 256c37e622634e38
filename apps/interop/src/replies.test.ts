import { rpc } from '@ctq/backend-rpc';
import { chain, chord, Ctq, group, NoChordSupportError } from '@ctq/core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inPython, inTypescript, MixedFleet } from './mixed-fleet.js';
import { describeOverBrokers, transportOf } from './places.js';
import { makingPythonMs } from './python/environment.js';

const soon = { timeout: '20s' } as const;
const there = { queue: 'python' } as const;

const names = { redis: 'interopReplies', amqp: 'interopReplies' } as const;

describeOverBrokers('Results that travel between the languages (rpc://)', names, (place) => {
  const results = { python: 'rpc://', typescript: rpc() };
  const fleet = new MixedFleet(place, {}, results);
  const { app } = fleet;
  const add = app.task('typescript.add', (x: number, y: number) => x + y);
  app.task('typescript.range', () => {
    throw new RangeError('too much');
  });
  app.task('typescript.gated', { bind: true, trackStarted: true }, async (ctx, gate: string) => {
    await fleet.gates.waitFor(gate);
    await ctx.updateState('PROGRESS', { done: 1 });
    await fleet.gates.waitFor(gate);
    return 'through';
  });
  const pythonAdd = app.remote<typeof add>('python.add');

  beforeAll(() => fleet.start(), makingPythonMs);
  afterAll(() => fleet.stop(), 30_000);

  test('a Python client is told what a ctq worker comes to: values, errors, workflows [BK-064, BK-068] {python → ctq: replies}', async () => {
    const { client } = fleet;
    expect(await client.call(inTypescript('typescript.add', 1, 2))).toMatchObject({ value: 3 });
    expect(await client.call(inTypescript('typescript.range'))).toMatchObject({ message: 'too much' });
    const [one, two] = [inTypescript('typescript.add', 1, 1), inTypescript('typescript.add', 10)];
    expect(await client.call(['chain', [one, two]])).toMatchObject({ value: 12 });
    expect(await client.call(['group', [one, one]])).toMatchObject({ value: [2, 2] });
  });

  test('a Python client is told the states of a ctq task as they come [BK-036]', async () => {
    const gate = crypto.randomUUID();
    const watching = fleet.client.watch(inTypescript('typescript.gated', gate));
    await fleet.gates.open(gate);
    await fleet.gates.open(gate);
    const states = (await watching).map(([state]) => state);
    expect(states.slice(-2)).toEqual(['PROGRESS', 'SUCCESS']);
  });

  test('a chain through both languages is answered to who sent it [BK-064]', async () => {
    const steps = [inTypescript('typescript.add', 1, 1), inPython('python.add', 2), inTypescript('typescript.add', 3)];
    expect(await fleet.client.call(['chain', steps])).toMatchObject({ value: 7 });
  });

  test('a ctq client is told what a Python worker comes to: values, errors, workflows [BK-064, BK-068] {ctq → python: replies}', async () => {
    const result = await pythonAdd.applyAsync([1, 2], there);
    expect(await result.get(soon)).toBe(3);
    expect(await result.get(soon)).toBe(3);
    const failed = await app.sendTask('python.fail', [], {}, there);
    await expect(failed.get(soon)).rejects.toMatchObject({ excType: 'KeyError', excMessage: ['no such order'] });
    const steps = chain(pythonAdd.s(1, 2).set(there), pythonAdd.s(5).set(there));
    expect(await (await steps.delay()).get(soon)).toBe(8);
    const members = group([pythonAdd.s(1, 2).set(there), pythonAdd.s(5, 5).set(there)]);
    expect(await (await members.delay()).get(soon)).toEqual([3, 10]);
  });

  test('a chord has nowhere to be counted, which either side says when it is sent; so it is without results [CV-090]', async () => {
    const header = [inTypescript('typescript.add', 1, 1), inPython('python.add', 2, 2)];
    expect(await fleet.client.call(['chord', header, inPython('python.total')])).toMatchObject({
      error: 'NotImplementedError',
      message: expect.stringContaining('rpc'),
    });
    await using disabled = new Ctq('disabled', { broker: transportOf(place), backend: 'disabled://' });
    for (const client of [app, disabled]) {
      const body = client.signature('typescript.total');
      const error = await chord([client.signature('typescript.add', [1, 1])], body)
        .delay()
        .catch((thrown: unknown) => thrown);
      expect(NoChordSupportError.isInstance(error)).toBe(true);
    }
  });
});
