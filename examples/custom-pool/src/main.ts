import { setTimeout as sleep } from 'node:timers/promises';
import { Ctq } from '@ctq/core';
import { Worker } from '@ctq/worker';
import { orderedPool } from './ordered-pool.js';

const app = new Ctq('orders', { broker: 'memory://', backend: 'memory://' });
const book = app.task('book', async (customer: string, entry: number, ms: number) => {
  await sleep(ms);
  console.log(`${customer} ${entry}`);
});

const worker = new Worker(app, { pool: orderedPool(({ args: [customer] }) => String(customer)), concurrency: 10 });
await worker.start();
// The second of Ann is quicker than her first, and waits for it all the same; Bob waits for nobody.
const results = [await book.delay('Ann', 1, 200), await book.delay('Ann', 2, 0), await book.delay('Bob', 1, 0)];
await Promise.all(results.map((result) => result.get()));
await worker.stop();
await app.close();
