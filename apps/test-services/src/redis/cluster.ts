import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { findProgram } from '../find-program.js';
import { freePorts } from '../free-port.js';
import { type PrivateRedis, startRedisProgram } from './private-redis.js';

const execute = promisify(execFile);

export interface RedisCluster extends AsyncDisposable {
  readonly nodes: readonly PrivateRedis[];
  /** Idempotent. */
  stop(): Promise<void>;
}

/** A cluster with its slots shared out evenly; each master has so many replicas. */
export async function startCluster({
  masters = 3,
  replicas = 0,
}: {
  readonly masters?: number;
  readonly replicas?: number;
} = {}): Promise<RedisCluster> {
  const cli = findProgram('redis-cli') ?? findProgram('valkey-cli');
  if (cli === undefined) throw new Error('Neither redis-cli nor valkey-cli is installed.');
  const config = {
    'cluster-enabled': 'yes',
    'cluster-config-file': 'nodes.conf',
    'cluster-node-timeout': 1_000,
    'cluster-replica-validity-factor': 0,
  };
  const nodes: PrivateRedis[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(nodes.map((node) => node.stop()));
  };
  try {
    for (const port of await freePorts(masters * (replicas + 1)))
      nodes.push(await startRedisProgram({ config }, [], port));
    const addresses = nodes.map(({ port }) => `127.0.0.1:${port}`);
    await execute(cli, [
      ...['--cluster', 'create', ...addresses, '--cluster-replicas', String(replicas), '--cluster-yes'],
    ]);
    await Promise.all(addresses.map((address) => agreed(cli, address, nodes.length)));
  } catch (error) {
    await stop();
    throw error;
  }
  return { nodes, stop, [Symbol.asyncDispose]: stop };
}

/** Resolves when a node knows all the others and that every slot is served. */
async function agreed(cli: string, address: string, count: number): Promise<void> {
  const [host = '', port = ''] = address.split(':');
  for (;;) {
    const { stdout } = await execute(cli, ['-h', host, '-p', port, 'CLUSTER', 'INFO']);
    if (stdout.includes('cluster_state:ok') && stdout.includes(`cluster_known_nodes:${count}`)) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
