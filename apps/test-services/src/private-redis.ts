import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from './free-port.js';
import { probes } from './probes/probes.js';
import { type ServerProcess, startServer } from './server-process.js';
import { redisCommand } from './servers/redis.js';

/** A Redis of a test's own, to be treated badly. */
export interface PrivateRedis extends AsyncDisposable {
  /** Stays the same over restarts. */
  readonly url: string;
  /** Stops the process in its tracks (SIGSTOP): it answers nobody, and its connections stay. */
  freeze(): void;
  thaw(): void;
  /** kill -9, and a new process over the same data, which is what `appendonly` kept. Resolves when it answers. */
  crash(): Promise<void>;
  /** Idempotent. */
  stop(): Promise<void>;
}

/**
 * Starts one with settings of its own (as in redis.conf).
 * @returns undefined where no server is installed.
 */
export async function startPrivateRedis(
  configuration: Readonly<Record<string, string>> = {},
): Promise<PrivateRedis | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'ctq-private-redis-'));
  const [port = 0] = await freePorts(1);
  const url = `redis://127.0.0.1:${port}/0`;
  const found = redisCommand(folder, port, configuration);
  if (found === undefined) {
    await rm(folder, { recursive: true });
    return undefined;
  }
  const survives = join(folder, 'survives');
  const command = { ...found, cleanUp: `[ -e '${survives}' ] || ${found.cleanUp}` };
  const start = async (): Promise<ServerProcess> => {
    const started = startServer(command);
    await started.ready(() => probes.redis(url), undefined);
    return started;
  };
  let server = await start();
  const stop = async (): Promise<void> => {
    server.signal('SIGCONT');
    await server.stop();
  };
  return {
    url,
    freeze: () => server.signal('SIGSTOP'),
    thaw: () => server.signal('SIGCONT'),
    async crash() {
      await writeFile(survives, '');
      server.signal('SIGKILL');
      await server.stop();
      server = await start();
      await rm(survives);
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
