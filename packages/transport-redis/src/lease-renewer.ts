import type { LeaseRenewer, OpenLeaseRenewer } from '@ctq/messaging/store';
import { connectRedis, disconnectRedis } from '@ctq/redis';
import { KeySpace } from './key-space.js';
import type { RedisConfig } from './redis-options.js';
import { renewScript } from './scripts/lease.js';

/** What the keeper thread is given: see `RedisLease.renewer`. */
export interface LeaseRenewerOptions {
  readonly config: RedisConfig;
  readonly holder: string;
}

/** Renews the lease of one holder from another thread, with a connection of its own. */
export async function openLeaseRenewer({ config, holder }: LeaseRenewerOptions): Promise<LeaseRenewer> {
  const { url, connectTimeoutMs } = config;
  const client = await connectRedis({ url, name: 'ctq-keeper', connectTimeoutMs }, AbortSignal.timeout(config.leaseMs));
  const keys = new KeySpace(config.keys);
  return {
    async renew() {
      await renewScript.run(client, [keys.leases, keys.heldBy(holder), keys.unackedIndex], [holder, config.leaseMs]);
    },
    close: () => disconnectRedis(client),
  };
}

openLeaseRenewer satisfies OpenLeaseRenewer;
