import type { AskServer } from './find-master.js';
import { reasons } from './find-master.js';
import { type NatMap, translated } from './given-client.js';
import type { HostPort } from './redis-url.js';
import type { ClusterReach } from './server-config.js';

export interface SlotOwner {
  readonly owner: HostPort;
  /** All nodes that serve slots: who is asked the next time. */
  readonly nodes: readonly HostPort[];
}

/**
 * The master that serves the slot of a key. All nodes are asked at once; the first that answers is believed: one whose view is old leads to a node that
 * says so (`MOVED`), or that is not there any more, and it is asked again.
 */
export async function findSlotOwner(
  { nodes, key, client }: ClusterReach,
  natMap: NatMap | undefined,
  ask: AskServer,
  signal: AbortSignal,
): Promise<SlotOwner> {
  if (client !== undefined) {
    const [slots, slot] = await Promise.all([client.call('CLUSTER', 'SLOTS'), client.call('CLUSTER', 'KEYSLOT', key)]);
    return readSlots(slots, Number(slot), { host: 'localhost', port: 6379 }, natMap);
  }
  const enough = new AbortController();
  const stop = AbortSignal.any([signal, enough.signal]);
  const answers = nodes.map((node) =>
    ask(
      node,
      async (asked) => {
        const [slots, slot] = await Promise.all([
          asked.call('CLUSTER', 'SLOTS'),
          asked.call('CLUSTER', 'KEYSLOT', key),
        ]);
        return readSlots(slots, Number(slot), node, natMap);
      },
      stop,
    ),
  );
  try {
    return await Promise.any(answers);
  } catch (error) {
    signal.throwIfAborted();
    throw new Error(`No node of the cluster says who serves the slot of '${key}': ${reasons(error, nodes)}`, {
      cause: error,
    });
  } finally {
    enough.abort();
  }
}

/** `[first, last, [host, port, id, …], …replicas]` of each range of slots. A host that is not known is the one that was asked. */
function readSlots(reply: unknown, slot: number, asked: HostPort, natMap: NatMap | undefined): SlotOwner {
  const nodes = new Map<string, HostPort>();
  let owner: HostPort | undefined;
  for (const range of Array.isArray(reply) ? (reply as unknown[][]) : []) {
    const [first, last, ...servers] = range;
    for (const [index, server] of (servers as [unknown, unknown][]).entries()) {
      const [name, port] = server;
      const host = typeof name === 'string' && name !== '' && name !== '?' ? name : asked.host;
      const node = translated({ host, port: Number(port) }, natMap);
      nodes.set(`${node.host}:${node.port}`, node);
      if (index === 0 && Number(first) <= slot && slot <= Number(last)) owner = node;
    }
  }
  if (owner === undefined) throw new Error(`it knows nobody who serves the slot ${slot}`);
  return { owner, nodes: [...nodes.values()] };
}
