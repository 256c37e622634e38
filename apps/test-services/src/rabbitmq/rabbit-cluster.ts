import { randomBytes } from 'node:crypto';
import { type Epmd, startEpmd } from './epmd.js';
import { type PrivateRabbitOptions, type RabbitClusterNode, startRabbitNode } from './private-rabbit.js';

export interface RabbitCluster extends AsyncDisposable {
  readonly nodes: readonly RabbitClusterNode[];
  /** Idempotent. */
  stop(): Promise<void>;
}

/** Nodes of one cluster, where quorum queues outlive the end of fewer than half of them. */
export async function startRabbitCluster(
  count: number,
  options: Pick<PrivateRabbitOptions, 'config' | 'vhosts' | 'users'> = {},
): Promise<RabbitCluster> {
  const epmd: Epmd = await startEpmd();
  const cookie = randomBytes(16).toString('hex');
  const nodes: RabbitClusterNode[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(nodes.map((node) => node.stop()));
    await epmd.stop();
  };
  try {
    // One after the other: who joins asks the first, and waits for nobody else.
    while (nodes.length < count) {
      const [joins] = nodes;
      nodes.push(await startRabbitNode(options, { epmd, cookie, ...(joins === undefined ? {} : { joins }) }));
    }
    await nodes[0]?.ctl('await_online_nodes', String(count));
  } catch (error) {
    await stop();
    throw error;
  }
  return { nodes, stop, [Symbol.asyncDispose]: stop };
}
