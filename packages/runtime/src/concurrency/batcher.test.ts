import { describe, expect, test } from 'vitest';
import { toError } from '../errors/to-error.js';
import { Batcher, type BatcherOptions } from './batcher.js';
import { type Deferred, deferred } from './deferred.js';

interface Flush {
  readonly items: readonly string[];
  readonly answer: Deferred<void>;
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A batcher whose flushes are answered by hand. */
function setup(options: BatcherOptions = {}): {
  batcher: Batcher<string>;
  flushes: Flush[];
  flushed: () => (readonly string[])[];
} {
  const flushes: Flush[] = [];
  const batcher = new Batcher<string>((items) => {
    const answer = deferred();
    flushes.push({ items, answer });
    return answer.promise;
  }, options);
  return { batcher, flushes, flushed: () => flushes.map(({ items }) => items) };
}

/** What became of promises, in the order in which it happened. */
function watch(promises: Record<string, Promise<void>>): string[] {
  const log: string[] = [];
  for (const [name, promise] of Object.entries(promises)) {
    promise.then(
      () => log.push(`${name} done`),
      (error: unknown) => log.push(`${name} ${toError(error).message}`),
    );
  }
  return log;
}

describe('A batcher', () => {
  test('hands over in one call, in order, what was added in one turn', async () => {
    const { batcher, flushed } = setup();
    void batcher.add('a');
    await Promise.resolve();
    void batcher.add('b');
    expect(flushed()).toEqual([]);
    await turn();
    expect(flushed()).toEqual([['a', 'b']]);
  });

  test('resolves an add when its batch is flushed and not before', async () => {
    const { batcher, flushes } = setup();
    const log = watch({ a: batcher.add('a') });
    await turn();
    expect(log).toEqual([]);
    flushes[0]?.answer.resolve();
    await turn();
    expect(log).toEqual(['a done']);
  });

  test('has at most one flush under way, and gathers over many turns meanwhile', async () => {
    const { batcher, flushes, flushed } = setup();
    void batcher.add('a');
    await turn();
    for (const item of ['b', 'c', 'd']) {
      void batcher.add(item);
      await turn();
    }
    expect(flushed()).toEqual([['a']]);
    flushes[0]?.answer.resolve();
    await turn();
    expect(flushed()).toEqual([['a'], ['b', 'c', 'd']]);
  });

  test('has as many flushes under way as it may, begun in order', async () => {
    const { batcher, flushes, flushed } = setup({ maxUnderWay: 2 });
    const log = watch({ a: batcher.add('a') });
    await turn();
    void batcher.add('b');
    await turn();
    void batcher.add('c');
    await turn();
    expect(flushed()).toEqual([['a'], ['b']]);
    const drained = batcher.drain().then(() => log.push('drained'));
    flushes[1]?.answer.resolve();
    await turn();
    expect(flushed()).toEqual([['a'], ['b'], ['c']]);
    flushes[2]?.answer.resolve();
    await turn();
    expect(log).toEqual([]);
    flushes[0]?.answer.resolve();
    await drained;
    expect(log).toEqual(['a done', 'drained']);
  });

  test('that is eager waits for the end of the code that runs when nothing is under way, and of the turn otherwise', async () => {
    const { batcher, flushed } = setup({ isEager: true, maxUnderWay: 2 });
    void batcher.add('a');
    void batcher.add('b');
    expect(flushed()).toEqual([]);
    await Promise.resolve();
    expect(flushed()).toEqual([['a', 'b']]);
    void batcher.add('c');
    await Promise.resolve();
    void batcher.add('d');
    expect(flushed()).toEqual([['a', 'b']]);
    await turn();
    expect(flushed()).toEqual([
      ['a', 'b'],
      ['c', 'd'],
    ]);
  });

  test('lets a turn end before its batch goes, even when a flush ends in the middle of it', async () => {
    const { batcher, flushes, flushed } = setup();
    void batcher.add('a');
    await turn();
    flushes[0]?.answer.resolve();
    void batcher.add('b');
    await flushes[0]?.answer.promise;
    await Promise.resolve();
    void batcher.add('c');
    await turn();
    expect(flushed()).toEqual([['a'], ['b', 'c']]);
  });

  test('rejects exactly the adds of the batch whose flush failed', async () => {
    const { batcher, flushes } = setup({ maxItems: 2 });
    const log = watch({ a: batcher.add('a'), b: batcher.add('b'), c: batcher.add('c') });
    await turn();
    flushes[0]?.answer.reject(new Error('lost'));
    await turn();
    flushes[1]?.answer.resolve();
    await turn();
    expect(log).toEqual(['a lost', 'b lost', 'c done']);
  });

  test('goes on after a flush that throws at once', async () => {
    const seen: string[] = [];
    const batcher = new Batcher<string>((items) => {
      seen.push(...items);
      if (items.includes('bad')) throw new Error('thrown');
      return Promise.resolve();
    });
    await expect(batcher.add('bad')).rejects.toThrow('thrown');
    await batcher.add('good');
    expect(seen).toEqual(['bad', 'good']);
  });

  test('never hands over more than maxItems, and a full batch at once', async () => {
    const { batcher, flushes, flushed } = setup({ maxItems: 2 });
    for (const item of ['a', 'b', 'c', 'd', 'e']) void batcher.add(item);
    expect(flushed()).toEqual([['a', 'b']]);
    for (let index = 0; index < 3; index += 1) {
      flushes[index]?.answer.resolve();
      await turn();
    }
    expect(flushed()).toEqual([['a', 'b'], ['c', 'd'], ['e']]);
  });

  test('takes what a flush adds to it as the next batch', async () => {
    const batches: (readonly number[])[] = [];
    const batcher: Batcher<number> = new Batcher(
      async (items) => {
        batches.push(items);
        const [first = 0] = items;
        if (first < 3) void batcher.add(first + 1);
      },
      { maxItems: 1 },
    );
    await batcher.add(1);
    await batcher.drain();
    await batcher.drain();
    expect(batches).toEqual([[1], [2], [3]]);
  });

  test('does not raise an error that nobody listens to', async () => {
    const { batcher, flushes } = setup();
    void batcher.add('a');
    await turn();
    flushes[0]?.answer.reject(new Error('lost'));
    // An unhandled rejection would fail this run.
    await turn();
  });

  test.each([0, -1, Number.NaN])('refuses maxItems and maxUnderWay of %d', (limit) => {
    expect(() => setup({ maxItems: limit })).toThrow(RangeError);
    expect(() => setup({ maxUnderWay: limit })).toThrow(RangeError);
  });
});

describe('Draining a batcher', () => {
  test('is over at once when nothing waits', async () => {
    await expect(setup().batcher.drain()).resolves.toBeUndefined();
  });

  test('flushes at once and waits for the flush', async () => {
    const { batcher, flushes, flushed } = setup();
    void batcher.add('a');
    const log = watch({ drain: batcher.drain() });
    expect(flushed()).toEqual([['a']]);
    await turn();
    expect(log).toEqual([]);
    flushes[0]?.answer.resolve();
    await turn();
    expect(log).toEqual(['drain done']);
  });

  test('waits for what is under way when nothing waits behind it', async () => {
    const { batcher, flushes } = setup();
    void batcher.add('a');
    await turn();
    const log = watch({ drain: batcher.drain() });
    await turn();
    expect(log).toEqual([]);
    flushes[0]?.answer.resolve();
    await turn();
    expect(log).toEqual(['drain done']);
  });

  test('waits for what is under way and for what waits behind it, but not for what comes later', async () => {
    const { batcher, flushes, flushed } = setup();
    void batcher.add('a');
    await turn();
    void batcher.add('b');
    const log = watch({ drain: batcher.drain() });
    flushes[0]?.answer.resolve();
    await turn();
    void batcher.add('later');
    expect([flushed(), log]).toEqual([[['a'], ['b']], []]);
    flushes[1]?.answer.resolve();
    await turn();
    expect(log).toEqual(['drain done']);
  });

  test('never rejects', async () => {
    const { batcher, flushes } = setup();
    const log = watch({ add: batcher.add('a'), drain: batcher.drain() });
    flushes[0]?.answer.reject(new Error('lost'));
    await turn();
    expect(log).toEqual(['add lost', 'drain done']);
  });
});
