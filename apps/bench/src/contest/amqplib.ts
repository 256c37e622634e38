import { randomUUID } from 'node:crypto';
import { type ChannelModel, type ConfirmChannel, connect, type Options } from 'amqplib';
import type { Contender } from './contender.js';

const queue = 'bench-amqplib';
const bytes = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

/** The least that can be done over RabbitMQ from Node: amqplib with confirms and single acknowledgements, and messages as large as a task's. */
export const amqplib: Contender = {
  async openProducer({ url }) {
    const { connection, channel } = await open(url);
    const replies = `bench-replies-${randomUUID()}`;
    const waiting = new Map<unknown, (value: unknown) => void>();
    await channel.assertQueue(replies, { exclusive: true });
    await channel.consume(
      replies,
      (message) => waiting.get(message?.properties.correlationId)?.(JSON.parse(String(message?.content))),
      { noAck: true },
    );
    const send = (n: number, options: Options.Publish = {}): Promise<void> =>
      new Promise((resolve, reject) => {
        channel.publish('', queue, bytes([[n, 1], {}, embed]), { ...messageOf(n), ...options }, (error: unknown) =>
          error === null ? resolve() : reject(new Error('not confirmed', { cause: error })),
        );
      });
    return {
      send: (n) => send(n),
      sendAll: (first, count) => Promise.all(Array.from({ length: count }, (_, n) => send(first + n))),
      async roundTrip(n) {
        const correlationId = randomUUID();
        const answered = new Promise((resolve) => waiting.set(correlationId, resolve));
        await send(n, { correlationId, replyTo: replies });
        await answered;
        waiting.delete(correlationId);
      },
      [Symbol.asyncDispose]: () => connection.close(),
    };
  },

  async openWorker({ url }, { concurrency, prefetch = concurrency }, onTask) {
    const { connection, channel } = await open(url);
    await channel.prefetch(prefetch);
    await channel.consume(queue, (message) => {
      if (message === null) return;
      const [[x = 0, y = 0]] = JSON.parse(message.content.toString()) as [number[]];
      onTask();
      const { replyTo, correlationId } = message.properties as { replyTo?: string; correlationId?: string };
      if (replyTo !== undefined && replyTo !== 'nobody')
        channel.publish('', replyTo, bytes(x + y), correlationId === undefined ? {} : { correlationId });
      channel.ack(message);
    });
    return { [Symbol.asyncDispose]: () => connection.close() };
  },
};

const embed = { callbacks: null, errbacks: null, chain: null, chord: null };

async function open(url: string): Promise<{ connection: ChannelModel; channel: ConfirmChannel }> {
  const connection = await connect(url);
  const channel = await connection.createConfirmChannel();
  await channel.assertQueue(queue, { durable: true });
  return { connection, channel };
}

/** As much beside the body as a task has. */
function messageOf(n: number): Options.Publish {
  const id = randomUUID();
  return {
    ...{ contentType: 'application/json', contentEncoding: 'utf-8', deliveryMode: 2, priority: 0 },
    ...{ correlationId: id, replyTo: 'nobody' },
    headers: {
      ...{ lang: 'js', task: 'add', id, shadow: null, eta: null, expires: null, group: null, group_index: null },
      ...{ retries: 0, timelimit: [null, null], root_id: id, parent_id: null, argsrepr: `(${n}, 1)` },
      ...{ kwargsrepr: '{}', origin: 'gen1@bench', ignore_result: false, replaced_task_nesting: 0 },
      ...{ stamped_headers: null, stamps: {} },
    },
  };
}
