import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { probes } from './probes/probes.js';
import { startServer } from './server-process.js';
import { canInstall, install } from './servers/debian.js';
import { hasDocker, startContainer } from './servers/docker.js';
import type { Launch } from './servers/launch.js';
import { launchPostgres } from './servers/postgres.js';
import { launchRabbitMq } from './servers/rabbitmq.js';
import { launchRedis } from './servers/redis.js';
import { environmentVariable, type Service, type ServiceName } from './service.js';

const launchers: Readonly<Record<ServiceName, Launch>> = {
  redis: launchRedis,
  amqp: launchRabbitMq,
  postgres: launchPostgres,
};

/**
 * One server, from the first of these that has it: its environment variable, a program on this machine, docker,
 * `apt-get` when root on Debian. Resolves with undefined where none has; rejects when one that exists does not start.
 */
export async function startService(name: ServiceName, signal?: AbortSignal): Promise<Service | undefined> {
  const given = process.env[environmentVariable[name]];
  if (given !== undefined && given !== '') return { url: given, origin: 'environment', stop: async () => undefined };

  const installed = await startBinary(name, signal);
  if (installed !== undefined) return installed;
  if (await hasDocker()) return startContainer(name, probes[name], signal);
  if (!canInstall()) return undefined;
  await install(name);
  return startBinary(name, signal);
}

async function startBinary(name: ServiceName, signal: AbortSignal | undefined): Promise<Service | undefined> {
  signal?.throwIfAborted();
  const folder = await mkdtemp(join(tmpdir(), `ctq-${name}-`));
  const launch = await launchers[name](folder).catch(async (error: unknown) => {
    await rm(folder, { recursive: true, force: true });
    throw error;
  });
  if (launch === undefined) {
    await rm(folder, { recursive: true, force: true });
    return undefined;
  }
  const server = startServer(launch.command);
  try {
    await server.ready(() => probes[name](launch.url), signal);
  } catch (error) {
    await server.stop();
    throw error;
  }
  const { url, variables = {} } = launch;
  return { url, variables, origin: 'binary', stop: () => server.stop() };
}
