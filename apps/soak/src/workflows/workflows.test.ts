import { seededRandom } from '@ctq/test-services';
import { describeWith } from '@ctq/test-services/vitest';
import { memoryBackend } from '@ctq/core/backend';
import { memoryTransport } from '@ctq/messaging';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { redisPlace, sqlitePlace } from '../place.js';
import { evaluate } from './evaluate.js';
import { shapes } from './shape.js';
import { WorkflowScene, type WorkflowSceneOptions } from './workflow-scene.js';

const soon = { timeout: 60 };
const seed = 20_261_122;

/** Each workflow of a sample is sent, and all of them run at the same time. */
async function sampleRuns(options: WorkflowSceneOptions, count: number, isDoubled: boolean): Promise<void> {
  const random = seededRandom(seed);
  await using scene = new WorkflowScene({ ...options, ...(isDoubled ? { isDoubled: () => random() < 0.2 } : {}) });
  await scene.start();
  const sample = fc.sample(shapes(4), { seed, numRuns: count });
  const runs = sample.map(async (shape, index) => {
    const run = `w${index}`;
    const expected = evaluate(shape, 'start');
    const result = await scene.send(shape, run, 'start');
    const outcome = await result.get(soon).then(
      (value: unknown) => ({ kind: 'value', value }) as const,
      (error: Error) => ({ kind: 'failure', message: error.message }) as const,
    );
    await expect
      .poll(() => [...expected.runs].filter((label) => !scene.runsOf(run).has(label)), { timeout: 60_000 })
      .toEqual([]);
    return { run, shape, expected, outcome };
  });
  const ended = await Promise.all(runs);
  await scene.drain();
  for (const { run, shape, expected, outcome } of ended) {
    const text = JSON.stringify(shape);
    if (expected.outcome.kind === 'value') expect(outcome, text).toEqual(expected.outcome);
    else {
      expect(outcome.kind, text).toBe('failure');
      const { message = '' } = outcome as { message?: string };
      const named = [...expected.outcome.origins].filter((label) => message.includes(`${label} failed`));
      expect(named.length, `${message} in ${text}`).toBeGreaterThan(0);
    }
    const ran = scene.runsOf(run);
    expect([...ran.keys()].sort(), text).toEqual([...expected.runs].sort());
    // A message that comes twice runs twice, as the same task.
    for (const [label, ids] of ran) {
      expect(ids.size, `${label} ran under ${ids.size} ids in ${text}`).toBe(1);
      if (!isDoubled) expect([...ids.values()], `${label} in ${text}`).toEqual([1]);
    }
  }
}

const cases = [
  ['come to what their parts come to, each part once', false],
  ['come to the same, under the same ids, when messages are delivered twice', true],
] as const;

describe('Workflows of any shape', () => {
  test.each(cases)('%s: in memory', { timeout: 120_000 }, async (_title, isDoubled) => {
    await sampleRuns({ broker: memoryTransport(), backend: memoryBackend() }, 150, isDoubled);
  });

  test.each(cases)('%s: in an SQLite file', { timeout: 120_000 }, async (_title, isDoubled) => {
    await using place = await sqlitePlace();
    await sampleRuns({ broker: place.broker, backend: place.backend }, 60, isDoubled);
  });

  describeWith('redis', 'in Redis', (url) => {
    test.each(cases)('%s', { timeout: 120_000 }, async (_title, isDoubled) => {
      await using place = redisPlace(url);
      await sampleRuns({ broker: place.broker, backend: place.backend }, 100, isDoubled);
    });
  });
});
