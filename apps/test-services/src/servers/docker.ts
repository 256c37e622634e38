import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Service, ServiceName } from '../service.js';
import { startServer } from '../server-process.js';

const execute = promisify(execFile);

interface Image {
  readonly image: string;
  readonly port: number;
  readonly env: readonly string[];
  url(port: string): string;
}

const images: Readonly<Record<ServiceName, Image>> = {
  redis: { image: 'redis:7-alpine', port: 6379, env: [], url: (port) => `redis://127.0.0.1:${port}/0` },
  amqp: { image: 'rabbitmq:3', port: 5672, env: [], url: (port) => `amqp://guest:guest@127.0.0.1:${port}/` },
  postgres: {
    image: 'postgres:15-alpine',
    port: 5432,
    env: ['POSTGRES_HOST_AUTH_METHOD=trust'],
    url: (port) => `postgres://postgres@127.0.0.1:${port}/postgres`,
  },
};

/** Whether a docker engine answers; the command alone is not enough. */
export async function hasDocker(): Promise<boolean> {
  try {
    await execute('docker', ['version', '--format', '{{.Server.Version}}'], { timeout: 5_000 });
    return true;
  } catch {
    return false;
  }
}

/** Runs a service's image with its port on 127.0.0.1; the image is fetched first where it is missing. */
export async function startContainer(
  name: ServiceName,
  probe: (url: string) => Promise<void>,
  signal: AbortSignal | undefined,
): Promise<Service> {
  const { image, port, env, url } = images[name];
  await execute('docker', ['pull', '--quiet', image], signal === undefined ? {} : { signal });
  const container = `ctq-test-${name}-${process.pid}-${Date.now()}`;
  const server = startServer({
    program: 'docker',
    args: ['run', '--rm', '--name', container, '-p', `127.0.0.1::${port}`, ...env.flatMap((e) => ['-e', e]), image],
    cwd: '/',
    env: process.env,
    stopSignal: 'SIGTERM',
    cleanUp: `docker rm --force ${container} >/dev/null 2>&1`,
  });
  let address = '';
  const locateAndProbe = async (): Promise<void> => {
    const { stdout } = await execute('docker', ['port', container, `${port}/tcp`]);
    address = url(stdout.trim().replace(/^.*:/, ''));
    await probe(address);
  };
  try {
    await server.ready(locateAndProbe, signal);
  } catch (error) {
    await server.stop();
    throw error;
  }
  return { url: address, origin: 'docker', stop: () => server.stop() };
}
