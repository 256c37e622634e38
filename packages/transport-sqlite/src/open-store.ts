import type { QueueStoreContext } from '@ctq/messaging/store';
import type { Database } from '@ctq/sqlite';
import type { MessageTable } from './message-table.js';

/** What a store has from `open` to `close`, lent to its roles. */
export interface OpenStore {
  readonly database: Database;
  readonly messages: MessageTable;
  readonly context: QueueStoreContext;
  readonly holder: string;
}
