import type { Schema } from '@ctq/sqlite';

/**
 * The tables of the transport.
 *
 * `ctq_message`: one row per message and queue. `id` is its place in the queue: pushed and put back behind, it gets the largest plus one, put
 * back in front the smallest minus one. What state it is in shows in two columns, and each state has its own small index:
 * ```
 * waiting  holder NULL, due_at NULL
 * parked   holder NULL, due_at set
 * held     holder set (and grab: which pop of that holder took it)
 * ```
 * A body larger than a page is kept apart, so that taking a message does not write its body again.
 *
 * `ctq_holder`: one row per connection that holds messages, so that renewing its lease is an update of one row.
 */
export const messageSchema: Schema = {
  name: 'messages',
  version: 1,
  sql: `
    CREATE TABLE ctq_message (
      id INTEGER PRIMARY KEY,
      queue TEXT NOT NULL,
      priority INTEGER NOT NULL,
      holder TEXT,
      grab INTEGER,
      due_at INTEGER,
      expires_at INTEGER,
      deliveries INTEGER NOT NULL DEFAULT 0,
      envelope TEXT NOT NULL,
      body BLOB,
      body_id INTEGER
    ) STRICT;
    CREATE INDEX ctq_message_waiting ON ctq_message (queue, priority DESC) WHERE holder IS NULL AND due_at IS NULL;
    CREATE INDEX ctq_message_parked ON ctq_message (queue, due_at) WHERE due_at IS NOT NULL;
    CREATE INDEX ctq_message_held ON ctq_message (holder) WHERE holder IS NOT NULL;
    CREATE INDEX ctq_message_expiring ON ctq_message (expires_at) WHERE expires_at IS NOT NULL;

    CREATE TABLE ctq_body (id INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;
    CREATE TRIGGER ctq_message_deleted AFTER DELETE ON ctq_message WHEN old.body_id IS NOT NULL BEGIN
      DELETE FROM ctq_body WHERE id = old.body_id;
    END;

    CREATE TABLE ctq_holder (name TEXT PRIMARY KEY, expires_at INTEGER NOT NULL) STRICT;
    CREATE INDEX ctq_holder_expiry ON ctq_holder (expires_at);

    CREATE TABLE ctq_exchange (name TEXT PRIMARY KEY, declaration TEXT NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE ctq_queue (
      name TEXT PRIMARY KEY,
      declaration TEXT NOT NULL,
      expires_ms INTEGER,
      used_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE ctq_binding (
      exchange TEXT NOT NULL,
      queue TEXT NOT NULL,
      routing_key TEXT NOT NULL,
      arguments TEXT,
      PRIMARY KEY (exchange, queue, routing_key)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX ctq_binding_queue ON ctq_binding (queue);
  `,
};

/** About a page of the file: what is larger spills into pages of its own anyway. */
export const largeBodyBytes = 4_096;
