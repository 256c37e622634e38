import { isDeepStrictEqual } from 'node:util';
import { describeWith } from '@ctq/test-services/vitest';
import { loadVectors, type WireVector } from '@ctq/wire-vectors';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { capturedSteps } from './captured.js';
import { Comparison } from './comparison.js';
import { differences } from './differences.js';
import { type DocumentDifference, documentDifferences, inOrder, shownDocument } from './documents.js';
import { redisCommandsPage } from './redis-commands-page.js';
import { scenarios, uncompared } from './scenarios.js';
import { WireSite } from './wire-site.js';

/** Captures of something that begins: everything else is done by programs that have sent something before. */
const beginnings = new Set([
  ...['worker_startup', 'visibility_timeout_restore', 'publish_consume_ack_result', 'worker_shutdown_idle'],
]);

/** A message that was held for a third of the visibility timeout: whether that comes to pass depends on how busy the machine is. */
const renewal = 'ZADD unacked_index XX <time> <id>';

describe('every capture', () => {
  test.each(Object.keys(scenarios))('of %s is compared, or it is said why not', (file) => {
    const names = loadVectors(file).map(({ name }) => name);
    expect([...Object.keys(scenarios[file] ?? {}), ...Object.keys(uncompared[file] ?? {})].sort()).toEqual(
      names.sort(),
    );
  });
});

describeWith('redis', 'The commands of the captured calls', (url) => {
  const comparison = new Comparison(differences);
  /** Programs that have sent and received something before. */
  let warm: WireSite;

  beforeAll(async () => {
    warm = new WireSite(url);
    await warm.startWorker();
    await (await warm.wire.add.delay(0, 0)).get({ timeout: '20s' });
    await warm.settled();
  }, 30_000);

  afterAll(() => warm[Symbol.asyncDispose](), 30_000);

  const all = Object.entries(scenarios).flatMap(([file, calls]) =>
    Object.entries(calls).map(([name, call]) => ({ title: `${file}: ${name}`, file, name, call })),
  );

  test.each(all)(
    'are those of $title, but for the intended differences',
    async ({ file, name, call }) => {
      const vector = loadVectors(file).find((one) => one.name === name) as WireVector;
      const hasWorker = file !== 'redis_variants';
      const isBeginning = !hasWorker || beginnings.has(name);
      await using own = isBeginning ? new WireSite(url) : undefined;
      const site = own ?? warm;
      if (name === 'visibility_timeout_restore') await site.abandonMessage();
      if (name === 'publish_consume_ack_result' || name === 'worker_shutdown_idle') await site.startWorker();
      const { steps, documents } = await site.record(async () => {
        await call(site, vector);
        if (hasWorker) await site.settled();
      });
      const captured = capturedSteps(vector);
      const isCompared = (step: string): boolean => step !== renewal && comparedOf(file, name)(step);
      expect(comparison.unexpected([...captured].filter(isCompared), [...steps].filter(isCompared))).toEqual([]);
      if (file === 'results.redis') compareDocuments(name, vector, documents);
    },
    30_000,
  );

  test('differ in nothing else: each intended difference is shown by a capture', () => {
    expect(comparison.unneeded).toEqual([]);
    expect(documentDifferences.filter((difference) => !shown.has(difference))).toEqual([]);
  });

  test('differ as the page says', async () => {
    await expect(redisCommandsPage()).toMatchFileSnapshot('../../../docs/celery/redis-commands.md');
  });
});

/** What a capture leaves out. */
function comparedOf(file: string, name: string): (step: string) => boolean {
  // Those of results are without the broker.
  if (file === 'results.redis') return (step) => step.includes(' celery-task');
  // This one ends before the task does.
  if (name === 'reject_requeue') return (step) => !step.includes(' celery-task');
  return () => true;
}

const shown = new Set<DocumentDifference>();

function compareDocuments(capture: string, { raw }: WireVector, documents: readonly string[]): void {
  const expected = inOrder((raw['stored_values_in_order'] as string[]).map(shownDocument));
  const ours = inOrder(documents.map(shownDocument));
  for (const difference of documentDifferences) {
    const [python, own] = [expected[difference.document], ours[difference.document]];
    if (difference.capture !== capture || python === undefined || own === undefined) continue;
    if (!isDeepStrictEqual(python[difference.member], own[difference.member])) shown.add(difference);
    ours[difference.document] = { ...own, [difference.member]: python[difference.member] };
  }
  expect(ours).toEqual(expected);
}
