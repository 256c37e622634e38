import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openConnection } from '@ctq/messaging';
import { startRabbitServer, startRedisServer } from '@ctq/test-services';
import { amqp } from '@ctq/transport-amqp';

export type Store = 'redis' | 'sqlite' | 'rabbitmq';

/** Where tasks and results are of a program under test. */
export interface Place extends AsyncDisposable {
  readonly store: Store;
  readonly broker: string;
  readonly backend: string;
  /** Where tasks go, where a broker is shared with others. Default `celery`. */
  readonly queue?: string;
  /** kill -9 of the server, and its start over what it has on disk. An SQLite file has no process of its own: those that work with it are killed. */
  readonly killBroker?: () => Promise<void>;
}

/** A file of its own. @param lease A duration; without it the default of the transport. */
export async function sqlitePlace(lease?: string): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), 'ctq-soak-'));
  const backend = `sqlite://${join(folder, 'ctq.sqlite')}`;
  return {
    store: 'sqlite',
    broker: lease === undefined ? backend : `${backend}?leaseDuration=${lease}`,
    backend,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

/** A corner of its own in a database of a server that others use, too. */
export function redisPlace(database: string, lease?: string): Place {
  const broker = new URL(database);
  broker.searchParams.set('global_keyprefix', `${crypto.randomUUID()}:`);
  if (lease !== undefined) broker.searchParams.set('lease_duration', lease);
  return {
    store: 'redis',
    broker: broker.href,
    backend: database,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/** A queue of its own in a RabbitMQ that others use, too, and results in a Redis. There are no leases: what a dead worker had is back with the end of its connection. */
export function rabbitmqPlace(broker: string, results: string): Place {
  const queue = `soak.${crypto.randomUUID()}`;
  return {
    store: 'rabbitmq',
    broker,
    backend: results,
    queue,
    async [Symbol.asyncDispose]() {
      await using connection = openConnection({ transport: amqp({ url: broker }) });
      const channel = await connection.openChannel();
      await channel.deleteQueue(queue);
      await channel.deleteExchange(queue);
    },
  };
}

/** A RabbitMQ of its own, for as long as the place is used, with results in a Redis that nobody kills. Its queues are durable, and what it has confirmed is on disk, so that it may be killed. */
export async function privateRabbitmqPlace(): Promise<Place> {
  const [rabbit, redis] = await Promise.all([startRabbitServer(), startRedisServer()]);
  return {
    store: 'rabbitmq',
    broker: rabbit.url,
    backend: redis.url,
    async killBroker() {
      await rabbit.kill();
      await rabbit.startAgain();
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([rabbit.stop(), redis.stop()]);
    },
  };
}

/** A server of its own that has on disk what it has confirmed, so that it may be killed. */
export async function privateRedisPlace(lease?: string): Promise<Place> {
  const server = await startRedisServer({ config: { appendonly: 'yes', appendfsync: 'always' } });
  return {
    store: 'redis',
    broker: lease === undefined ? server.url : `${server.url}?lease_duration=${lease}`,
    backend: server.url.replace(/0$/, '1'),
    async killBroker() {
      await server.kill();
      await server.startAgain();
    },
    [Symbol.asyncDispose]: () => server.stop(),
  };
}
