import type { Transport } from '@ctq/messaging/transport';
import { type AmqpVhost, amqpVhost, type RedisDatabase, redisDatabase } from '@ctq/test-services';
import { describeWith } from '@ctq/test-services/vitest';
import { amqp } from '@ctq/transport-amqp';
import { redis, type RedisOptions } from '@ctq/transport-redis';
import type { BrokerName } from './brokers.js';

/** Where messages and results of a suite are, of both languages: results are in Redis, if nothing else is said. */
export interface Place {
  readonly on: BrokerName;
  readonly broker: string;
  readonly backend: string;
}

export interface PlaceNames {
  readonly redis: RedisDatabase;
  readonly amqp: AmqpVhost;
}

/** The same suite over each broker, one after the other. */
export function describeOverBrokers(title: string, names: PlaceNames, suite: (place: Place) => void): void {
  describeOverRedis(title, names.redis, suite);
  describeOverRabbitMq(title, names, suite);
}

export function describeOverRedis(title: string, database: RedisDatabase, suite: (place: Place) => void): void {
  describeWith('redis', `${title}, over Redis`, (url) => {
    const redis = redisDatabase(url, database);
    suite({ on: 'Redis', broker: redis, backend: redis });
  });
}

export function describeOverRabbitMq(title: string, names: PlaceNames, suite: (place: Place) => void): void {
  describeWith('amqp', `${title}, over RabbitMQ`, (amqpUrl) => {
    describeWith('redis', 'beside one Redis', (redisUrl) => {
      const broker = amqpVhost(amqpUrl, names.amqp);
      suite({ on: 'RabbitMQ', broker, backend: redisDatabase(redisUrl, names.redis) });
    });
  });
}

/** @param options where it is Redis's */
export function transportOf({ on, broker: url }: Place, options: RedisOptions = {}): Transport {
  return on === 'Redis' ? redis({ ...options, url }) : amqp({ url });
}
