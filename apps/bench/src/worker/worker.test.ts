import { redisDatabase } from '@ctq/test-services';
import { describeWith } from '@ctq/test-services/vitest';
import { beforeAll, expect, test } from 'vitest';
import { celeryProgram } from '../celery-program.js';
import { type Entry, entries } from './entries.js';
import { compare } from './worker.js';

/** Every measure with as little as it can do with. */
const scale = { share: 0.01, starts: 2, rounds: 100 };

/** One of each product. That of ctq waits, too: a few at a time, where that takes a process for each. */
const chosen: readonly Entry[] = entries
  .filter(({ name }) => ['ctq processes', 'Celery prefork', 'BullMQ processes'].includes(name))
  .map((entry) => ({ ...entry, waits: entry.name.startsWith('ctq') ? [{ concurrency: 3, count: 300 }] : [] }));

describeWith('redis', 'The comparison of workers', (url) => {
  const database = redisDatabase(url, 'benchWorker');

  // Makes the environment of Python where it is not there yet.
  beforeAll(async () => {
    await celeryProgram({ url: database, stores: true }, []);
  }, 300_000);

  test('measures each product by the same measures, and sets ctq in proportion to the others', {
    timeout: 240_000,
  }, async () => {
    const figures = await compare(chosen, database, scale, 0);

    const measured = figures.filter(({ absent }) => absent === undefined);
    expect(measured.filter(({ value }) => !Number.isFinite(value))).toEqual([]);
    expect(measured.filter(({ unit, value }) => unit === 'tasks/s' && value <= 0)).toEqual([]);
    const measuresOf = (entry: string): readonly string[] =>
      figures.flatMap(({ name }) => (name.endsWith(`: ${entry}`) ? [name.slice(0, -entry.length - 2)] : []));
    expect(measuresOf('Celery prefork')).toEqual(measuresOf('BullMQ processes'));
    expect(measuresOf('ctq processes').filter((name) => !name.startsWith('20 ms of waiting'))).toEqual(
      measuresOf('Celery prefork'),
    );
    expect(figures.find(({ name }) => name === 'no-op, stored: ctq processes')).toMatchObject({
      beside: {
        'Celery prefork': 'no-op, stored: Celery prefork',
        'BullMQ processes': 'no-op, stored: BullMQ processes',
      },
    });
    // What somebody else has cannot be measured here, and says why.
    expect(figures.filter(({ absent }) => absent !== undefined).map(({ name }) => name)).toEqual(
      chosen.map(({ name }) => `limit for each key, overhead: ${name}`),
    );
  });
});
