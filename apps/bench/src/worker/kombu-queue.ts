import { Redis } from 'ioredis';
import { ctqApp } from './ctq-tasks.js';
import { resultLimitMs, type WorkQueue } from './work-queue.js';

const parked = 'parked';
const consumed = 'celery';
/** Travel together. */
const wave = 1_000;

/** The queue of ctq and of Celery, which is the same to the byte: ctq's client fills it for both. */
export function kombuQueue(url: string): WorkQueue {
  const app = ctqApp({ broker: url, backend: url });
  const redis = new Redis(url);
  return {
    async call(name, args) {
      const result = await app.sendTask<number>(name, args);
      return { result: () => result.get({ timeout: resultLimitMs }) };
    },
    async park(name, calls) {
      for (let from = 0; from < calls.length; from += wave) {
        const some = calls.slice(from, from + wave);
        await Promise.all(some.map((args) => app.sendTask(name, args, {}, { queue: parked })));
      }
    },
    async release() {
      await redis.rename(parked, consumed);
    },
    async left() {
      const [waiting, held] = await Promise.all([redis.llen(consumed), redis.hlen('unacked')]);
      return waiting + held;
    },
    async [Symbol.asyncDispose]() {
      await app.close();
      redis.disconnect();
    },
  };
}
