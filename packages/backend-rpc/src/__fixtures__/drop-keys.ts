import { Redis } from 'ioredis';

/** Leaves nothing behind of what began with the prefix. */
export async function dropKeys(url: string, prefix: string): Promise<void> {
  const client = new Redis(url);
  const left = await client.keys(`${prefix}*`);
  if (left.length > 0) await client.del(...left);
  client.disconnect();
}
