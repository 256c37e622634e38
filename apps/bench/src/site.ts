import { Redis } from 'ioredis';

/** Where a contender works, and whether it keeps results. */
export interface Site {
  readonly url: string;
  readonly stores: boolean;
  /** Where results are kept; with the queues where it is not said. */
  readonly results?: string;
}

/** Empties the database of a URL. */
export async function clear(url: string): Promise<void> {
  const client = new Redis(url);
  try {
    await client.flushdb();
  } finally {
    client.disconnect();
  }
}
