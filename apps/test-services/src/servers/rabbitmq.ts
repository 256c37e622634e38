import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findProgram } from '../find-program.js';
import { freePorts } from '../free-port.js';
import type { Launch } from './launch.js';

/**
 * A RabbitMQ node of its own: own cookie, own data, own epmd.
 *
 * The inner script is started, because Debian's wrapper changes folder and user. The default epmd (port 4369) is not
 * shared: another user's daemon and cookie get in the way; and since an epmd outlives its node, it is killed at the end.
 */
export const launchRabbitMq: Launch = async (folder) => {
  const program = findProgram('rabbitmq-server', ['/usr/lib/rabbitmq/bin']);
  const inner = program === '/usr/sbin/rabbitmq-server' ? '/usr/lib/rabbitmq/bin/rabbitmq-server' : program;
  const epmd = findProgram('epmd');
  if (inner === undefined || epmd === undefined) return undefined;

  const [port = 0, distributionPort = 0, epmdPort = 0] = await freePorts(3);
  const home = join(folder, 'home');
  const file = (name: string): string => join(folder, name);
  await mkdir(home);
  await writeFile(join(home, '.erlang.cookie'), randomBytes(16).toString('hex'), { mode: 0o400 });
  await writeFile(file('enabled_plugins'), '[].\n');
  await writeFile(file('rabbitmq.conf'), configuration(port));

  return {
    url: `amqp://guest:guest@127.0.0.1:${port}/`,
    command: {
      program: inner,
      args: [],
      cwd: folder,
      env: {
        PATH: process.env['PATH'],
        LANG: 'C.UTF-8',
        HOME: home,
        ERL_EPMD_PORT: String(epmdPort),
        ERL_EPMD_ADDRESS: '127.0.0.1',
        RABBITMQ_NODENAME: `ctq${port}@localhost`,
        RABBITMQ_DIST_PORT: String(distributionPort),
        RABBITMQ_MNESIA_BASE: file('mnesia'),
        RABBITMQ_LOG_BASE: file('log'),
        RABBITMQ_CONFIG_FILE: file('rabbitmq.conf'),
        RABBITMQ_CONF_ENV_FILE: file('none'),
        RABBITMQ_ENABLED_PLUGINS_FILE: file('enabled_plugins'),
        RABBITMQ_PID_FILE: file('pid'),
        RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-kernel inet_dist_use_interface {127,0,0,1} +S 1:1 +sbwt none',
      },
      stopSignal: 'SIGTERM',
      cleanUp: `'${epmd}' -port ${epmdPort} -kill >/dev/null 2>&1; rm -rf '${folder}'`,
    },
  };
};

function configuration(port: number): string {
  return [
    `listeners.tcp.1 = 127.0.0.1:${port}`,
    'loopback_users = none',
    'log.file = false',
    'log.console = true',
    'log.console.level = warning',
    'disk_free_limit.absolute = 50MB',
    '',
  ].join('\n');
}
