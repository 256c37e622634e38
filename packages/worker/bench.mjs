import { Ctq } from '@ctq/core';
import { memoryTransport } from '@ctq/messaging';
import { memoryBackend } from '@ctq/core/backend';
import { Worker } from '@ctq/worker';
const N = Number(process.argv[2] ?? 200000),
  ignoreResult = process.argv[3] !== 'results';
const app = new Ctq('t', { broker: memoryTransport(), backend: memoryBackend() });
let done = 0,
  resolve;
const all = new Promise((r) => {
  resolve = r;
});
const add = app.task('add', { ignoreResult }, (x, y) => {
  if (++done === N) resolve();
  return x + y;
});
let t = performance.now();
for (let i = 0; i < N; i += 1000) {
  const b = [];
  for (let j = 0; j < 1000; j++) b.push(add.delay(i, j));
  await Promise.all(b);
}
console.log('publish/s', Math.round((N / (performance.now() - t)) * 1000));
const worker = new Worker(app, {});
t = performance.now();
await worker.start();
await all;
await worker.stop();
console.log('worker tasks/s', Math.round((N / (performance.now() - t)) * 1000));
await app.close();
