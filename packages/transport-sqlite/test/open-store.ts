import { silentLogger, systemClock, type Clock } from '@ctq/runtime';
import type { PushEntry } from '@ctq/messaging/store';
import { onTestFinished } from 'vitest';
import { SqliteQueueStore } from '../src/sqlite-store.js';

/** An open store, closed with the test. */
export async function openStore(
  path: string,
  options: { readonly holder?: string; readonly clock?: Clock; readonly leaseMs?: number } = {},
) {
  const { holder = 'holder', clock = systemClock, leaseMs = 30_000 } = options;
  const store = new SqliteQueueStore({ path, leaseMs, synchronous: 'NORMAL' });
  await store.open({ clock, logger: silentLogger, holder }, new AbortController().signal);
  onTestFinished(() => store.close());
  return store;
}

export function entry(queue: string, body: string | Uint8Array, more: Partial<PushEntry> = {}): PushEntry {
  return {
    queue,
    message: {
      body: typeof body === 'string' ? Buffer.from(body) : body,
      contentType: 'text/plain',
      contentEncoding: 'utf-8',
      headers: {},
      properties: {},
    },
    route: { exchange: '', routingKey: queue },
    priority: 0,
    ...more,
  };
}

export function textsOf(held: readonly { readonly message: { readonly body: Uint8Array } }[]): string[] {
  return held.map(({ message }) => Buffer.from(message.body).toString());
}
