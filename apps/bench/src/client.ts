import { add, app } from './tasks.js';

/** A client process: sends its share, waits for every result, and says how long that took. */
const [count = '1000', wave = '500'] = process.argv.slice(2);
const total = Number(count);
const size = Number(wave);
process.send?.('ready');
await new Promise((go) => process.once('message', go));
for (let from = 0; from < total; from += size) {
  const results = await Promise.all(
    Array.from({ length: Math.min(size, total - from) }, (_, n) => add.delay(from + n, 1)),
  );
  await Promise.all(results.map((result) => result.get()));
}
process.send?.('done');
await app.close();
process.disconnect();
