import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startRedisServer } from '@ctq/test-services';

export type Store = 'redis' | 'sqlite';

/** Where tasks and results are of a program under test. */
export interface Place extends AsyncDisposable {
  readonly store: Store;
  readonly broker: string;
  readonly backend: string;
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
