import { connect } from 'amqplib';
import { Redis } from 'ioredis';
import type { Site } from '../site.js';

/** How far a worker is that does not say so itself: seen from outside, by what is left. */
export interface Progress extends AsyncDisposable {
  /** Of so many tasks. */
  done(count: number): Promise<number>;
}

const queue = 'celery';

export async function progressAt({ url, stores, results = url }: Site): Promise<Progress> {
  // The results; a few other keys do not matter.
  if (stores) return overRedis(results, (client) => client.dbsize());
  if (url.startsWith('amqp')) return await overRabbit(url);
  return overRedis(url, async (client, count) => {
    const [waiting, held] = await Promise.all([client.llen(queue), client.hlen('unacked')]);
    return count - waiting - held;
  });
}

function overRedis(url: string, look: (client: Redis, count: number) => Promise<number>): Progress {
  const client = new Redis(url);
  return {
    done: (count) => look(client, count),
    async [Symbol.asyncDispose]() {
      await client.quit();
    },
  };
}

/** What a worker holds is not seen: the few of its prefetch. */
async function overRabbit(url: string): Promise<Progress> {
  const connection = await connect(url);
  const channel = await connection.createChannel();
  return {
    async done(count) {
      const { messageCount } = await channel.checkQueue(queue);
      return count - messageCount;
    },
    [Symbol.asyncDispose]: () => connection.close(),
  };
}
