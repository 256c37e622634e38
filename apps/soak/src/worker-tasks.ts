import { Ctq } from '@ctq/core';
import { Redis } from 'ioredis';

/** Tasks that are long in the hands of a worker process; broker and results come from the environment. */
export const app = new Ctq('holding');

/** Nothing to speak of. */
export const double = app.task('holding.double', (n: number) => n * 2);

/** Leaves its process in the list of those that executed it, and blocks the event loop. */
export const block = app.task('holding.block', { bind: true }, async (ctx, ms: number) => {
  await journal((redis) => redis.rpush(`executed:${ctx.request.id}`, process.pid));
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
  return process.pid;
});

/** As `block`, but it leaves the event loop alone and goes on when the gate of its process is opened. */
export const wait = app.task('holding.wait', { bind: true }, (ctx) =>
  journal(async (redis) => {
    await redis.rpush(`executed:${ctx.request.id}`, process.pid);
    await redis.blpop(`gate:${process.pid}`, 0);
    return process.pid;
  }),
);

async function journal<T>(work: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(process.env['CTQ_RESULT_BACKEND'] ?? '');
  try {
    return await work(redis);
  } finally {
    redis.disconnect();
  }
}
