import type { ChordPart, ChordRole } from '@ctq/core/backend';
import { describeWith } from '@ctq/test-services/vitest';
import { expect, test } from 'vitest';
import { backendScene, type BackendScene } from './__fixtures__/backend-scene.js';
import type { RedisBackendOptions } from './redis-backend-options.js';

async function chordsOf(scene: BackendScene, options: RedisBackendOptions = {}): Promise<ChordRole> {
  const { chords } = await scene.backend(scene.app(options));
  if (chords === undefined) throw new Error('Redis has chords.');
  return chords;
}

const part = (taskId: string, index: number, result: unknown = taskId): ChordPart => ({
  ...{ taskId, index, state: 'SUCCESS', result },
});

describeWith('redis', 'A chord in Redis', (url) => {
  test("[BK-051] stands under Celery's keys, in Celery's documents, until its body was sent", async () => {
    const scene = backendScene(url);
    const { client, prefix } = scene;
    const chords = await chordsOf(scene);
    const key = `${prefix}celery-taskset-meta-g`;
    await chords.openChord('g', 2);
    expect(await client.get(`${key}.s`)).toBe('2');
    expect(await chords.addPart('g', part('b', 1, [1, null]))).toEqual({ count: 1, size: 2 });
    expect(await chords.addPart('g', part('a', 0))).toEqual({ count: 2, size: 2 });
    expect(await client.zrange(`${key}.j`, '0', '-1', 'WITHSCORES')).toEqual([
      '[1,"a","SUCCESS","a"]',
      '0',
      '[1,"b","SUCCESS",[1,null]]',
      '1',
    ]);
    expect((await chords.parts('g')).map(({ taskId }) => taskId)).toEqual(['a', 'b']);
    await chords.closeChord('g');
    expect(await client.keys(`${key}*`)).toEqual([]);
  });

  test('[BK-054] keeps its parts in a list in the order of completion, where that is asked for', async () => {
    const scene = backendScene(url);
    const { client, prefix } = scene;
    const chords = await chordsOf(scene, { resultChordOrdered: false });
    await chords.openChord('g', 2);
    await chords.addPart('g', part('b', 1));
    await chords.addPart('g', part('b', 1));
    expect(await chords.addPart('g', part('a', 0))).toEqual({ count: 2, size: 2 });
    expect(await client.lrange(`${prefix}celery-taskset-meta-g.j`, 0, -1)).toEqual([
      '[1,"b","SUCCESS","b"]',
      '[1,"a","SUCCESS","a"]',
    ]);
    expect((await chords.parts('g')).map(({ taskId }) => taskId)).toEqual(['b', 'a']);
  });

  test('waits for the members that a Python task added to it (`add_to_chord`)', async () => {
    const scene = backendScene(url);
    const chords = await chordsOf(scene);
    await chords.openChord('g', 1);
    await scene.client.incr(`${scene.prefix}celery-taskset-meta-g.t`);
    expect(await chords.addPart('g', part('a', 0))).toEqual({ count: 1, size: 2 });
    expect(await chords.addPart('g', part('b', 1))).toEqual({ count: 2, size: 2 });
  });

  test("[CV-114] counts what ctq adds where Python's members look for it, each task once", async () => {
    const scene = backendScene(url);
    const { client, prefix } = scene;
    const chords = await chordsOf(scene);
    const key = `${prefix}celery-taskset-meta-g`;
    await chords.openChord('g', 1);
    await client.incr(`${key}.t`);
    expect([await chords.growChord('g', 'added'), await chords.growChord('g', 'added')]).toEqual([true, false]);
    expect(await client.get(`${key}.t`)).toBe('2');
    expect(await chords.addPart('g', part('a', 0))).toEqual({ count: 1, size: 3 });
    await chords.shrinkChord('g', 'added');
    await chords.shrinkChord('g', 'added');
    expect(await client.get(`${key}.t`)).toBe('1');
    await chords.closeChord('g');
    expect(await client.keys(`${key}*`)).toEqual([]);
  });

  test('grows by the same task again when Python has closed it meanwhile', async () => {
    const scene = backendScene(url);
    const { client, prefix } = scene;
    const chords = await chordsOf(scene);
    const key = `${prefix}celery-taskset-meta-g`;
    await chords.growChord('g', 'added');
    await client.del(`${key}.j`, `${key}.t`, `${key}.s`);
    await chords.openChord('g', 1);
    expect(await chords.growChord('g', 'added')).toBe(true);
    expect(await chords.addPart('g', part('a', 0))).toEqual({ count: 1, size: 2 });
  });

  test('what it has grown by expires with the results', async () => {
    const scene = backendScene(url);
    const { client, prefix } = scene;
    const backend = await scene.backend(scene.app({}, { resultExpires: 60 }));
    await backend.chords?.growChord('g', 'added');
    const key = `${prefix}celery-taskset-meta-g`;
    expect([await client.ttl(`${key}.t`), await client.ttl(`${key}.ctq.added`)]).toEqual([60, 60]);
  });

  test('is not complete because one member was executed twice with different results', async () => {
    const scene = backendScene(url);
    const chords = await chordsOf(scene);
    await chords.openChord('g', 2);
    await chords.addPart('g', part('a', 0, 'first'));
    expect(await chords.addPart('g', part('a', 0, 'second'))).toEqual({ count: 1, size: 2 });
    expect(await chords.addPart('g', part('b', 1))).toEqual({ count: 2, size: 2 });
    expect((await chords.parts('g')).map(({ taskId }) => taskId)).toEqual(['a', 'b']);
  });

  test('takes the parts of a moment in one step, of which one brings it to its size', async () => {
    const scene = backendScene(url);
    const chords = await chordsOf(scene);
    const size = 700;
    await chords.openChord('g', size);
    const calls = async (): Promise<number> =>
      Number(/cmdstat_evalsha:calls=(\d+)/.exec(await scene.client.info('commandstats'))?.[1] ?? 0);
    const before = await calls();
    const progress = await Promise.all(
      Array.from({ length: size }, (_, index) => chords.addPart('g', part(`${index}`, index))),
    );
    expect(progress.map(({ count }) => count).toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: size }, (_, index) => index + 1),
    );
    // Other suites use the same server.
    expect((await calls()) - before).toBeLessThan(size);
    expect((await chords.parts('g')).map(({ index }) => index)).toEqual(
      Array.from({ length: size }, (_, index) => index),
    );
  });

  test('that cannot be written to does not hold up another one', async () => {
    const scene = backendScene(url);
    const chords = await chordsOf(scene);
    await Promise.all([chords.openChord('g', 1), chords.openChord('odd', 1)]);
    await scene.client.set(`${scene.prefix}celery-taskset-meta-odd.j`, 'no set');
    const [whole, odd] = await Promise.allSettled([
      chords.addPart('g', part('a', 0)),
      chords.addPart('odd', part('b', 0)),
    ]);
    expect(whole).toMatchObject({ status: 'fulfilled', value: { count: 1, size: 1 } });
    expect(odd.status).toBe('rejected');
  });

  test('says what it cannot read', async () => {
    const scene = backendScene(url);
    const chords = await chordsOf(scene);
    await scene.client.zadd(`${scene.prefix}celery-taskset-meta-g.j`, 0, '{"odd": 1}');
    await expect(chords.parts('g')).rejects.toThrow('What stands in the chord g is not what Celery writes there.');
  });
});
