import { RemoteError } from '@ctq/core';
import { Worker } from '@ctq/worker';
import { app, poll, send } from './tasks.js';

const worker = new Worker(app);
await worker.start();

console.log(await (await send.delay('ada@example.org')).get({ timeout: '30s' }));

for (const hopeless of [await send.delay('nobody@example.org'), await poll.delay('inbox')]) {
  try {
    await hopeless.get({ timeout: '30s' });
  } catch (error) {
    // The class of the error is the worker's: it arrives by name, with its message and traceback.
    if (!RemoteError.isInstance(error)) throw error;
    console.log(`${error.excType}: ${error.message}`);
  }
}

await worker.stop();
await app.close();
