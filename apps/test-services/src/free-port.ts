import { mkdir, open, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Below those that systems give to outgoing connections (from 32,768 on Linux), which would take the port of a server that is stopped for a while; and low
 * enough for the bus port of a Redis Cluster, which is 10,000 higher.
 */
const [lowest, highest] = [10_000, 19_999];

/** A file for each port that somebody has chosen, with the process that did: a server takes seconds from the choice until it listens. */
const chosen = fileURLToPath(new URL('../../../node_modules/.cache/ctq-ports/', import.meta.url));

/** Distinct ports of 127.0.0.1 that nobody listens on now, chosen at random, and kept for this process for as long as it lives. */
export async function freePorts(count: number): Promise<number[]> {
  const found: number[] = [];
  while (found.length < count) {
    const port = lowest + Math.floor(Math.random() * (highest - lowest + 1));
    if ((await reserve(port)) && (await isFree(port))) found.push(port);
  }
  return found;
}

/** Whether no other process has chosen it. One that this process had before is free again where nobody listens. */
async function reserve(port: number): Promise<boolean> {
  const file = join(chosen, String(port));
  await mkdir(chosen, { recursive: true });
  if (await create(file)) return true;
  const owner = Number(await readFile(file, 'utf8').catch(() => ''));
  // Without a number it was created at this moment.
  if (!(owner > 0) || isAlive(owner)) return false;
  await rm(file, { force: true });
  return await create(file);
}

/** Fails where the file is there. */
async function create(file: string): Promise<boolean> {
  try {
    await using handle = await open(file, 'wx');
    await handle.writeFile(String(process.pid));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
