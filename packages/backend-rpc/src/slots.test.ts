import { Ctq } from '@ctq/core';
import { describeWith } from '@ctq/test-services/vitest';
import { expect, onTestFinished, test } from 'vitest';
import { dropKeys } from './__fixtures__/drop-keys.js';
import { RpcScene } from './__fixtures__/rpc-scene.js';
import { slotApp } from './__fixtures__/slot-app.js';
import { rpc } from './rpc-backend.js';

// As a package: the programs of threads and processes are the built ones.
const url = new URL('./__fixtures__/slot-app.js', import.meta.url).href.replace('/src/', '/dist/');
const patient = { timeout: '50s' } as const;

describeWith('redis', 'Results of tasks in slots', (server) => {
  test.each(['threads', 'processes'] as const)(
    '[BK-064, BK-075] travel, and each slot hears of what its own tasks have sent: %s',
    { timeout: 60_000 },
    async (pool) => {
      const globalKeyprefix = `rpc-${crypto.randomUUID()}:`;
      const broker = `${server}?global_keyprefix=${globalKeyprefix}`;
      const scene = new RpcScene();
      const app = slotApp().override({ broker });
      app.locate({ url, export: 'app' });
      onTestFinished(() => dropKeys(server, globalKeyprefix));
      onTestFinished(() => app.close());
      const client = new Ctq('client', { broker, backend: rpc(), module: import.meta.url });
      onTestFinished(() => client.close());
      const progress = await client.sendTask('slots.progress');
      const seen: unknown[] = [];
      const watched = (async () => {
        for await (const { state } of progress.watch(patient)) seen.push(state);
      })();
      const worker = await scene.start(app, { pool, concurrency: 2 });
      await watched;
      expect(seen).toEqual(['PENDING', 'PROGRESS', 'SUCCESS']);
      const addresses = await (await client.sendTask<string[]>('slots.asks')).get(patient);
      const own = [app.kernel.sender.replyTo, client.kernel.sender.replyTo];
      expect(new Set([...addresses, ...own]).size).toBe(4);
      await worker.stop();
    },
  );
});
