import { createServer } from 'node:http';
import { once } from 'node:events';
import { Worker } from '@ctq/worker';
import { app, resize } from './app.js';

/** The program owns the worker: it starts and stops it. No signal handler and no exit comes from ctq. */
const worker = new Worker(app, { concurrency: 4 });
await worker.start();

const server = createServer((request, response) => {
  answer(request.url ?? '/').then(
    (body) => response.end(JSON.stringify(body)),
    (error: unknown) => response.writeHead(500).end(String(error)),
  );
});

/** `/resize?image=cat.png&width=64` sends a task, `/result?id=…` tells how it stands. */
async function answer(url: string): Promise<unknown> {
  const { pathname, searchParams } = new URL(url, 'http://localhost');
  if (pathname === '/resize') {
    const result = await resize.delay(searchParams.get('image') ?? '', Number(searchParams.get('width')));
    return { id: result.id };
  }
  const result = app.asyncResult<string>(searchParams.get('id') ?? '');
  const state = await result.state();
  return state === 'SUCCESS' ? { state, value: await result.get() } : { state };
}

process.once('SIGTERM', () => void stop());

/** First nobody can send any more, then what runs is finished, then the connections go. */
async function stop(): Promise<void> {
  server.close();
  await worker.stop();
  await app.close();
  console.log('stopped');
}

server.listen(Number(process.env['PORT'] ?? 0), '127.0.0.1');
await once(server, 'listening');
const address = server.address();
console.log(`listening on port ${typeof address === 'object' ? address?.port : address}`);
