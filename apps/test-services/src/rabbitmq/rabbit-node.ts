import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { findProgram } from '../find-program.js';
import type { Rabbitmqctl } from './rabbitmqctl.js';

/** The programs of one installation. */
export interface RabbitPrograms {
  readonly server: string;
  readonly ctl: string;
  readonly epmd: string;
}

/** The inner scripts, because Debian's wrappers change folder and user. Undefined where it is not installed. */
export function findRabbitMq(): RabbitPrograms | undefined {
  const found = findProgram('rabbitmq-server', ['/usr/lib/rabbitmq/bin']);
  const server = found === '/usr/sbin/rabbitmq-server' ? '/usr/lib/rabbitmq/bin/rabbitmq-server' : found;
  const epmd = findProgram('epmd');
  if (server === undefined || epmd === undefined) return undefined;
  return { server, ctl: join(dirname(server), 'rabbitmqctl'), epmd };
}

/** A login by password; without one it is for clients that show a certificate. */
export interface RabbitUser {
  readonly name: string;
  readonly password?: string;
}

export interface RabbitNodeOptions {
  readonly programs: RabbitPrograms;
  readonly folder: string;
  readonly name: string;
  readonly distributionPort: number;
  readonly epmdPort: number;
  /** Nodes of one cluster have the same. */
  readonly cookie?: string;
  /** Lines of rabbitmq.conf. */
  readonly config: Readonly<Record<string, string | number>>;
  readonly plugins?: readonly string[];
  /** Declared at every start, `/` and guest beside them: of all ways to have them the one that costs no time. */
  readonly vhosts?: readonly string[];
  readonly users?: readonly RabbitUser[];
  /** Arguments of the Erlang machine. */
  readonly erlang?: string;
}

/** Everything that starts a node, and everything that talks to it. */
export interface RabbitNode {
  readonly env: NodeJS.ProcessEnv;
  readonly ctl: Rabbitmqctl;
}

/**
 * Writes the files of a node that shares nothing with another: cookie, configuration, data, logs. The default epmd (port 4369) is not shared either: another
 * user's daemon and cookie get in the way.
 */
export async function prepareRabbitNode(options: RabbitNodeOptions): Promise<RabbitNode> {
  const { folder, name, programs } = options;
  const file = (path: string): string => join(folder, path);
  await mkdir(file('home'), { recursive: true });
  const cookie = options.cookie ?? randomBytes(16).toString('hex');
  await writeFile(file('home/.erlang.cookie'), cookie, { mode: 0o400 });
  await writeFile(file('enabled_plugins'), `[${(options.plugins ?? []).join(',')}].\n`);
  await writeFile(file('definitions.json'), JSON.stringify(definitions(options)));
  await writeRabbitConfig(folder, options.config);
  const common = {
    PATH: process.env['PATH'],
    LANG: 'C.UTF-8',
    HOME: file('home'),
    ERL_EPMD_PORT: String(options.epmdPort),
    ERL_EPMD_ADDRESS: '127.0.0.1',
    RABBITMQ_NODENAME: `${name}@localhost`,
    RABBITMQ_CONF_ENV_FILE: file('none'),
    RABBITMQ_ENABLED_PLUGINS_FILE: file('enabled_plugins'),
  };
  return {
    env: {
      ...common,
      RABBITMQ_DIST_PORT: String(options.distributionPort),
      RABBITMQ_MNESIA_BASE: file('mnesia'),
      RABBITMQ_LOG_BASE: file('log'),
      RABBITMQ_CONFIG_FILE: file('rabbitmq.conf'),
      RABBITMQ_PID_FILE: file('pid'),
      RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: `-kernel inet_dist_use_interface {127,0,0,1} +S 1:1 +sbwt none ${options.erlang ?? ''}`,
    },
    ctl: {
      program: programs.ctl,
      // By default there are ports for ten of them on one machine.
      env: { ...common, RABBITMQ_CTL_DIST_PORT_MIN: '20000', RABBITMQ_CTL_DIST_PORT_MAX: '30000' },
    },
  };
}

/** Read when a node starts. */
export async function writeRabbitConfig(
  folder: string,
  config: Readonly<Record<string, string | number>>,
): Promise<void> {
  const lines = {
    loopback_users: 'none',
    load_definitions: join(folder, 'definitions.json'),
    'log.file': 'false',
    'log.console': 'true',
    'log.console.level': 'warning',
    'disk_free_limit.absolute': '50MB',
    ...config,
  };
  const text = Object.entries(lines).map(([name, value]) => `${name} = ${value}\n`);
  await writeFile(join(folder, 'rabbitmq.conf'), text.join(''));
}

function definitions({ vhosts = [], users = [] }: RabbitNodeOptions): object {
  const names = ['/', ...vhosts];
  const everybody: RabbitUser[] = [{ name: 'guest', password: 'guest' }, ...users];
  return {
    vhosts: names.map((name) => ({ name })),
    users: everybody.map(({ name, password }) => ({
      name,
      tags: 'administrator',
      ...(password === undefined ? { password_hash: '' } : { password }),
    })),
    permissions: everybody.flatMap(({ name: user }) =>
      names.map((vhost) => ({ user, vhost, configure: '.*', write: '.*', read: '.*' })),
    ),
  };
}
