import type { LeaseRenewer, OpenLeaseRenewer } from '@ctq/messaging/store';
import { disconnectRedis, RedisServer } from '@ctq/redis';
import { silentLogger, systemClock } from '@ctq/runtime';
import { KeySpace } from './key-space.js';
import type { PortableConfig } from './redis-options.js';
import { renewScript } from './scripts/lease.js';

/** What the keeper thread is given: see `RedisLease.renewer`. */
export interface LeaseRenewerOptions {
  readonly config: PortableConfig;
  readonly holder: string;
}

/** Renews the lease of one holder from another thread, with a connection of its own. */
export async function openLeaseRenewer({ config, holder }: LeaseRenewerOptions): Promise<LeaseRenewer> {
  const server = new RedisServer(config.server);
  // What there is to say of the server was said in the main loop's log.
  const context = { role: 'keeper', clock: systemClock, logger: silentLogger };
  const client = await server.connect(context, AbortSignal.timeout(config.leaseMs));
  const keys = new KeySpace(config.keys);
  return {
    async renew() {
      await renewScript.run(client, [keys.leases, keys.heldBy(holder), keys.unackedIndex], [holder, config.leaseMs]);
    },
    close: () => disconnectRedis(client),
  };
}

openLeaseRenewer satisfies OpenLeaseRenewer;
