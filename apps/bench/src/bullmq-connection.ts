import type { ConnectionOptions } from 'bullmq';

export function connectionTo(url: string): ConnectionOptions {
  const { hostname, port, pathname } = new URL(url);
  return { host: hostname, port: Number(port), db: Number(pathname.slice(1)), maxRetriesPerRequest: null };
}
