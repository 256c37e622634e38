import { describe, expect, it } from 'vitest';
import { lastLong } from './endurance.js';
import { sqlitePlace } from './place.js';

describe('A worker that runs for long', () => {
  it.each([
    ['async', 20, 20_000],
    ['threads', 2, 5_000],
    ['processes', 2, 5_000],
  ])(
    'with the pool %s (%i at a time) has no more handles and no more memory after %i tasks',
    {
      timeout: 180_000,
    },
    async (pool, concurrency, tasks) => {
      const options = { pool, concurrency, tasks };
      await using place = await sqlitePlace();
      const { samples, heapBytesPerTask, rssBytesPerTask } = await lastLong(options, place);
      const quarter = Math.floor(samples.length / 4);
      const [first, last] = [samples.slice(0, quarter), samples.slice(-quarter)];
      // The least of several: one that is on its way is no leak.
      const least = (of: typeof samples) => ({
        handles: Math.min(...of.map(({ handles }) => handles)),
        descriptors: Math.min(...of.map(({ descriptors }) => descriptors)),
      });
      expect(least(last)).toEqual(least(first));
      // Code is still compiled and caches are filled. One task that stays there, its message and its result, are some thousand.
      expect(heapBytesPerTask).toBeLessThan(500);
      // The system takes pages back when it likes.
      expect(rssBytesPerTask).toBeLessThan(8_192);
    },
  );
});
