import { seededRandom } from '@ctq/test-services';
import { describeWith } from '@ctq/test-services/vitest';
import { memoryBackend } from '@ctq/core/backend';
import { memoryTransport } from '@ctq/messaging';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { redisPlace, sqlitePlace } from '../place.js';
import { differences } from './differences.js';
import { evaluate } from './evaluate.js';
import { shapes } from './shape.js';
import { WorkflowScene, type WorkflowSceneOptions } from './workflow-scene.js';

const soon = { timeout: 60 };
const seed = 20_261_122;

/** Each workflow of a sample is sent, and all of them run at the same time. Resolves with in what they are not as expected. */
async function differencesOf(
  options: WorkflowSceneOptions,
  count: number,
  isDoubled: boolean,
): Promise<readonly string[]> {
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
      (error: unknown) => ({ kind: 'failure', message: String(error) }) as const,
    );
    await expect
      .poll(() => [...expected.runs].filter((label) => !scene.runsOf(run).has(label)), { timeout: 60_000 })
      .toEqual([]);
    return { run, shape, expected, outcome };
  });
  const ended = await Promise.all(runs);
  await scene.drain();
  return ended.flatMap(({ run, ...one }) => differences({ ...one, ran: scene.runsOf(run) }, isDoubled));
}

const cases = [
  ['come to what their parts come to, each part once', false],
  ['come to the same, under the same ids, when messages are delivered twice', true],
] as const;

describe('Workflows of any shape', () => {
  test.each(cases)('%s: in memory', { timeout: 120_000 }, async (_title, isDoubled) => {
    const memory = { broker: memoryTransport(), backend: memoryBackend() };
    expect(await differencesOf(memory, 100, isDoubled)).toEqual([]);
  });

  test.each(cases)('%s: in an SQLite file', { timeout: 120_000 }, async (_title, isDoubled) => {
    await using place = await sqlitePlace();
    expect(await differencesOf(place, 40, isDoubled)).toEqual([]);
  });

  describeWith('redis', 'in Redis', (url) => {
    test.each(cases)('%s', { timeout: 120_000 }, async (_title, isDoubled) => {
      await using place = redisPlace(url);
      expect(await differencesOf(place, 60, isDoubled)).toEqual([]);
    });
  });
});
