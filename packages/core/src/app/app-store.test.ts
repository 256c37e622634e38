import { describe, expect, onTestFinished, test } from 'vitest';
import { memoryBackend, MemoryResults } from '../backend/memory-backend.js';
import { memoryStore } from '../backend/memory-store.js';
import { keyValueBackend } from '../backend/key-value-backend.js';
import type { AppOptions } from './app-kernel.js';
import { Ctq } from './ctq.js';

function appWith(options: AppOptions): Ctq {
  const app = new Ctq('shop', { broker: 'memory://', ...options });
  onTestFinished(() => app.close());
  return app;
}

describe('the store of an app', () => {
  test('is opened by its first use, once, and closed with the app', async () => {
    const opened: string[] = [];
    const store = memoryStore();
    const open = store.open.bind(store);
    const close = store.close.bind(store);
    store.open = async (...given) => {
      opened.push('open');
      await open(...given);
    };
    store.close = async () => {
      opened.push('close');
      await close();
    };
    const app = appWith({ store });
    expect(opened).toEqual([]);
    expect(await Promise.all([app.store(), app.store()])).toEqual([store, store]);
    await app.close();
    expect(opened).toEqual(['open', 'close']);
  });

  test('is tried again when it could not be opened', async () => {
    const store = memoryStore();
    const open = store.open.bind(store);
    let attempts = 0;
    store.open = async (...given) => {
      attempts += 1;
      if (attempts === 1) throw new Error('away');
      await open(...given);
    };
    const app = appWith({ store });
    await expect(app.store()).rejects.toThrow('away');
    expect(await app.store()).toBe(store);
  });

  test('is not opened any more when the app is closed', async () => {
    const app = appWith({ store: memoryStore() });
    await app.close();
    await expect(app.store()).rejects.toMatchObject({ code: 'CTQ_BACKEND_CONNECTION' });
  });

  test('is that of a URL', async () => {
    const made: string[] = [];
    const adapters = {
      shelf: {
        backend: () => memoryBackend(),
        store: (url: string) => {
          made.push(url);
          return memoryStore();
        },
      },
    };
    expect((await appWith({ store: 'shelf://a', adapters }).store()).name).toBe('memory');
    expect((await appWith({ backend: 'shelf://b', adapters }).store()).name).toBe('memory');
    expect((await appWith({ backend: 'memory://' }).store()).name).toBe('memory');
    expect(made).toEqual(['shelf://a', 'shelf://b']);
    await expect(appWith({ store: 'nowhere://' }).store()).rejects.toMatchObject({ code: 'CTQ_UNKNOWN_SCHEME' });
  });

  test('is beside the results where those are given as an object, and shared by who shares them', async () => {
    const results = new MemoryResults();
    const apps = [appWith({ backend: memoryBackend(results) }), appWith({ backend: memoryBackend(results) })];
    const [first, second] = await Promise.all(apps.map((app) => app.store()));
    expect(first).toBe(second);
    expect(await appWith({ backend: memoryBackend() }).store()).not.toBe(first);
  });

  test.each([
    ['no results', {}],
    ['disabled ones', { backend: 'disabled://' }],
    [
      'a backend that leads to no store',
      { backend: keyValueBackend(memoryStore(), { supports: memoryBackend().supports }) },
    ],
  ])('has to be named where there are %s', async (_what, options) => {
    await expect(appWith(options).store()).rejects.toMatchObject({
      code: 'CTQ_NO_STORE',
      message: expect.stringContaining("store: 'redis://…'") as string,
    });
  });

  test('has to be able to compare', async () => {
    const { spec, name, url, open, close, getMany, setMany, deleteMany } = memoryStore();
    const store = { spec, name, url, open, close, getMany, setMany, deleteMany };
    await expect(appWith({ store }).store()).rejects.toMatchObject({ code: 'CTQ_STORE_NOT_ATOMIC' });
  });

  test('of calls that run in place is in memory, as their results are', async () => {
    const store = memoryStore();
    expect(await appWith({ store, taskAlwaysEager: true }).store()).not.toBe(store);
    expect(await appWith({ store, taskAlwaysEager: true, taskStoreEagerResult: true }).store()).toBe(store);
  });
});
