import { Ctq } from '@ctq/core';
import { memoryBackend } from '@ctq/core/backend';
import { Worker } from '@ctq/worker';
import { tableTransport } from './table-store.js';

const app = new Ctq('custom', { broker: tableTransport(), backend: memoryBackend() });
const add = app.task('add', (x: number, y: number) => x + y);

const worker = new Worker(app);
await worker.start();
const result = await add.applyAsync([2, 2], { countdown: '50ms', priority: 9 });
console.log(`over ${(await app.transport()).url}: ${await result.get({ timeout: '30s' })}`);
await worker.stop();
await app.close();
