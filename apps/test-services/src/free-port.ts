import { createServer } from 'node:net';

/**
 * Below those that systems give to outgoing connections (from 32,768 on Linux), which would take the port of a server that is stopped for a while; and low
 * enough for the bus port of a Redis Cluster, which is 10,000 higher.
 */
const [lowest, highest] = [10_000, 19_999];

/** Distinct ports of 127.0.0.1 that nobody listens on now, chosen at random: others look for theirs at the same time. */
export async function freePorts(count: number): Promise<number[]> {
  const found = new Set<number>();
  while (found.size < count) {
    const port = lowest + Math.floor(Math.random() * (highest - lowest + 1));
    if (await isFree(port)) found.add(port);
  }
  return [...found];
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
