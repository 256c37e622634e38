import type { Message } from '@ctq/messaging';
import type { Channel, Transport, TransportConnection } from '@ctq/messaging/transport';
import { createLogger, type LogRecord, systemClock } from '@ctq/runtime';
import { Redis } from 'ioredis';
import { onTestFinished } from 'vitest';
import { redisConfig, type RedisOptions } from '../redis-options.js';
import { RedisQueueStore } from '../redis-store.js';
import { redis } from '../redis-transport.js';

/** What a test of the layout works with: keys of its own in the database of the URL, and a look at them. All is gone when it is over. */
export interface RedisScene {
  /** Before every key. */
  readonly prefix: string;
  /** A connection of the test's own, for what Python programs or an operator do. */
  readonly client: Redis;
  readonly logs: LogRecord[];
  readonly transport: (options?: RedisOptions) => Transport;
  readonly connect: (options?: RedisOptions) => Promise<TransportConnection>;
  readonly channel: (options?: RedisOptions) => Promise<Channel>;
  readonly store: (options?: RedisOptions) => Promise<RedisQueueStore>;
  /** Names of the keys that there are, without the prefix. */
  readonly keys: () => Promise<readonly string[]>;
}

export function redisScene(url: string): RedisScene {
  const prefix = `layout-${crypto.randomUUID()}:`;
  const client = new Redis(url);
  const logs: LogRecord[] = [];
  const logger = createLogger((record) => logs.push(record));
  onTestFinished(async () => {
    const left = await client.keys(`${prefix}*`);
    if (left.length > 0) await client.del(...left);
    client.disconnect();
  });
  const given = (options: RedisOptions): RedisOptions => ({ url, globalKeyprefix: prefix, ...options });
  const transport = (options: RedisOptions = {}): Transport => redis(given(options));
  const connect = async (options?: RedisOptions): Promise<TransportConnection> => {
    const connection = await transport(options).connect({ clock: systemClock, logger }, AbortSignal.timeout(10_000));
    onTestFinished(() => connection.close());
    return connection;
  };
  return {
    prefix,
    client,
    logs,
    transport,
    connect,
    channel: async (options) => await (await connect(options)).openChannel(),
    store: async (options = {}) => {
      const store = new RedisQueueStore(redisConfig(given(options)));
      const context = { clock: systemClock, logger, holder: crypto.randomUUID() };
      await store.open(context, AbortSignal.timeout(10_000));
      onTestFinished(() => store.close());
      return store;
    },
    keys: async () => (await client.keys(`${prefix}*`)).map((key) => key.slice(prefix.length)).sort(),
  };
}

export const lasting = { durable: true, exclusive: false, autoDelete: false } as const;

/** One like any other. */
export const message: Message = {
  body: new Uint8Array([1]),
  contentType: 'application/data',
  contentEncoding: 'binary',
  headers: {},
  properties: {},
};

export function textMessage(text: string, properties: Message['properties'] = {}): Message {
  const body = new TextEncoder().encode(text);
  return { body, contentType: 'text/plain', contentEncoding: 'utf-8', headers: {}, properties };
}

export function textOf({ message }: { readonly message: Message }): string {
  return new TextDecoder().decode(message.body);
}

/** An envelope as a Python program writes it. */
export function pythonEnvelope(text: string, exchange: string, routingKey: string, priority = 0): string {
  return JSON.stringify({
    body: Buffer.from(text).toString('base64'),
    'content-encoding': 'utf-8',
    'content-type': 'text/plain',
    headers: {},
    properties: {
      delivery_info: { exchange, routing_key: routingKey },
      priority,
      body_encoding: 'base64',
      delivery_tag: crypto.randomUUID(),
    },
  });
}

/** Tries until it holds; the test's own time is the limit. */
export async function eventually<T>(look: () => Promise<T | undefined | false>): Promise<T> {
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Ends every connection to the database, from the server's side. */
export async function killClients(url: string, db: number): Promise<void> {
  const admin = new Redis(url);
  const clients = String(await admin.client('LIST')).split('\n');
  for (const client of clients) {
    const [, id] = new RegExp(`^id=(\\d+) .* db=${db} `).exec(client) ?? [];
    if (id !== undefined) await admin.client('KILL', 'ID', id);
  }
  admin.disconnect();
}
