import { chord, type PublishCall } from '@ctq/core';
import { deferred } from '@ctq/runtime';
import { describe, expect, test } from 'vitest';
import { WorkerScene } from './__fixtures__/worker-scene.js';

const soon = { timeout: 10 };

function setup() {
  const published: PublishCall[] = [];
  const scene = new WorkerScene({
    interceptors: [
      {
        name: 'recorder',
        publish: (call, next) => {
          published.push(call);
          return next(call);
        },
      },
    ],
  });
  const { app } = scene;
  let sums = 0;
  return {
    scene,
    published,
    sums: () => sums,
    add: app.task('add', (x: number, y: number) => x + y),
    sum: app.task('sum', (numbers: readonly number[]) => {
      sums += 1;
      return numbers.reduce((total, number) => total + number, 0);
    }),
  };
}

async function chordsOf({ app }: WorkerScene) {
  const { chords } = await app.backend();
  if (chords === undefined) throw new Error('It counts no chords.');
  return chords;
}

describe('A chord through a worker', () => {
  test('is opened before any of its header is sent, however long that takes [CV-241]', async () => {
    const { scene, published, add, sum } = setup();
    await using _ = scene;
    await scene.start();
    const chords = await chordsOf(scene);
    const open = chords.openChord.bind(chords);
    const [asked, gate] = [deferred(), deferred()];
    chords.openChord = async (id, size) => {
      asked.resolve();
      await gate.promise;
      await open(id, size);
    };
    const sent = chord([add.si(1, 1), add.si(1, 1)], sum.s()).delay();
    await asked.promise;
    await scene.clock.advance(0);
    expect(published).toEqual([]);
    gate.resolve();
    expect(await (await sent).get(soon)).toBe(4);
  });

  test('does not call its body again when a member of the header comes again [CV-113]', async () => {
    const { scene, published, add, sum, sums } = setup();
    await using _ = scene;
    await scene.start({ concurrency: 1 });
    const result = await chord([add.s(1, 1), add.s(2, 2)], sum.s()).delay();
    expect(await result.get(soon)).toBe(6);
    const [first] = published;
    scene.lines.length = 0;
    await scene.publish(first?.message ?? {});
    await scene.line(new RegExp(`add\\[${first?.id ?? ''}\\].*succeeded`));
    expect(published.map(({ task }) => task)).toEqual(['add', 'add', 'sum']);
    expect([sums(), await result.get(soon)]).toEqual([1, 6]);
  });

  test('whose results were lost fails with what is left of them, and does not wait for ever [CV-112]', async () => {
    const { scene, add, sum, sums } = setup();
    await using _ = scene;
    await scene.start();
    const chords = await chordsOf(scene);
    const parts = chords.parts.bind(chords);
    chords.parts = async (id) => (await parts(id)).slice(1);
    const result = await chord([add.s(1, 1), add.s(2, 2), add.s(3, 3)], sum.s()).delay();
    await expect(result.get(soon)).rejects.toThrow('Join error: 2 of 3 results of the header are left');
    expect(sums()).toBe(0);
  });

  test('that was concluded meanwhile is not concluded again', async () => {
    const { scene, published, add, sum } = setup();
    await using _ = scene;
    await scene.start();
    const chords = await chordsOf(scene);
    const parts = chords.parts.bind(chords);
    // Another one sends the body and forgets the chord while this one reads.
    chords.parts = async (id) => {
      await chords.closeChord(id);
      return await parts(id);
    };
    const result = await chord([add.s(1, 1)], sum.s()).delay();
    await scene.line(/add.*succeeded/);
    await scene.clock.advance(0);
    expect(published.map(({ task }) => task)).toEqual(['add']);
    expect(await result.state()).toBe('PENDING');
  });

  test('is completed by a member that makes do with its soft time limit [CV-179]', async () => {
    const { scene, add, sum } = setup();
    await using _ = scene;
    const guarded = scene.app.task('guarded', { bind: true }, async ({ signal }) => {
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
      return 0;
    });
    await scene.start();
    const result = await chord([add.s(1, 2), guarded.s().set({ softTimeLimit: 1 })], sum.s()).delay();
    await scene.line(/accepted: guarded/);
    await scene.clock.advance(1_000);
    expect(await result.get(soon)).toBe(3);
  });
});
