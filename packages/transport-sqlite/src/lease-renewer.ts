import type { LeaseRenewer, OpenLeaseRenewer } from '@ctq/messaging/store';
import { openDatabase } from '@ctq/sqlite';
import { messageSchema } from './message-schema.js';
import { keepLease } from './sqlite-lease.js';
import { transportError } from './transport-errors.js';

/** What the keeper thread is given: see `SqliteLease.renewer`. */
export interface LeaseRenewerOptions {
  readonly path: string;
  readonly holder: string;
  readonly durationMs: number;
}

/** Renews the lease of one holder from another thread, with a handle of its own. */
export async function openLeaseRenewer({ path, holder, durationMs }: LeaseRenewerOptions): Promise<LeaseRenewer> {
  const database = await openDatabase({
    path,
    schema: messageSchema,
    translate: transportError,
    patienceMs: durationMs,
  });
  return {
    async renew() {
      await database.transaction(() => keepLease(database, holder, Date.now() + durationMs));
    },
    close: () => database.close(),
  };
}

openLeaseRenewer satisfies OpenLeaseRenewer;
