import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import type { ServiceName } from '../service.js';

const execute = promisify(execFile);

const packages: Readonly<Record<ServiceName, string>> = {
  redis: 'redis-server',
  amqp: 'rabbitmq-server',
  postgres: 'postgresql',
};

/** Whether packages can be installed without asking anybody. */
export function canInstall(): boolean {
  return process.getuid?.() === 0 && existsSync('/etc/debian_version') && existsSync('/usr/bin/apt-get');
}

/** One installation at a time: apt-get holds a lock. */
let previous: Promise<unknown> = Promise.resolve();

/** Installs a server's Debian package. What Debian starts with it is not used. */
export function install(name: ServiceName): Promise<void> {
  const next = previous.then(async () => {
    const options = { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } };
    await execute('apt-get', ['update', '-qq'], options);
    await execute('apt-get', ['install', '-y', '-qq', '--no-install-recommends', packages[name]], options);
  });
  previous = next.catch(() => undefined);
  return next;
}
