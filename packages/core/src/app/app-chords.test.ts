import { describe, expect, onTestFinished, test } from 'vitest';
import { memoryBackend } from '../backend/memory-backend.js';
import { memoryStore } from '../backend/memory-store.js';
import type { ResultBackend } from '../backend/result-backend.js';
import { chord } from '../canvas/chord.js';
import type { AppOptions } from './app-kernel.js';
import { Ctq } from './ctq.js';

/** Results in memory, by a backend that counts nothing. */
function withoutChords(): ResultBackend {
  const backend = memoryBackend();
  return {
    spec: 1,
    name: 'plain',
    url: backend.url,
    supports: backend.supports,
    open: (context, signal) => backend.open(context, signal),
    close: () => backend.close(),
    store: (records) => backend.store(records),
    getMany: (taskIds) => backend.getMany(taskIds),
    forget: (taskIds) => backend.forget(taskIds),
  };
}

function appWith(options: AppOptions): Ctq {
  const app = new Ctq('shop', { taskAlwaysEager: true, taskStoreEagerResult: true, ...options });
  onTestFinished(() => app.close());
  return app;
}

describe('Chords', () => {
  test('are joined by the result backend where it can, and the store is left alone', async () => {
    const store = memoryStore();
    const app = appWith({ backend: memoryBackend(), store });
    const one = app.task('one', () => 1);
    const same = app.task('same', (values: readonly number[]) => values);
    expect(await (await chord([one.s(), one.s()], same.s()).delay()).get()).toEqual([1, 1]);
    expect(await app.kernel.chords()).toBe((await app.backend()).chords);
  });

  test('are joined over the key-value store of the app where the result backend counts nothing [BK-070]', async () => {
    const app = appWith({ backend: withoutChords(), store: memoryStore() });
    const one = app.task('one', () => 1);
    const same = app.task('same', (values: readonly number[]) => values);
    expect(await (await chord([one.s(), one.s()], same.s()).delay()).get()).toEqual([1, 1]);
    expect(await app.kernel.chords()).toBe(await app.kernel.chords());
  });

  test('are refused where nobody counts, before anything is sent, with what to do', async () => {
    const app = appWith({ backend: withoutChords() });
    const ran: string[] = [];
    const one = app.task('one', () => void ran.push('one'));
    const same = app.task('same', (values: readonly unknown[]) => values);
    await expect(chord([one.s()], same.s()).delay()).rejects.toMatchObject({
      code: 'CTQ_NO_CHORD_SUPPORT',
      message: expect.stringContaining(
        "plain cannot. Give the app a key-value store beside it: new Ctq('name', { store:",
      ),
      cause: expect.objectContaining({ code: 'CTQ_NO_STORE' }),
    });
    expect(ran).toEqual([]);
  });
});
