import { type Connection, TopologyNotFoundError } from '@ctq/messaging';

export interface PurgeOptions {
  /** By name. Default: those that the settings name. */
  readonly queues?: readonly string[];
  readonly signal?: AbortSignal;
}

/** Deletes what waits in queues. Resolves with how much that was; a queue that does not exist had nothing. */
export async function purgeQueues(
  connect: () => Promise<Connection>,
  names: readonly string[],
  signal: AbortSignal | undefined,
): Promise<number> {
  await using connection = await connect();
  const channel = await connection.openChannel(signal);
  let count = 0;
  for (const name of names) {
    signal?.throwIfAborted();
    try {
      count += await channel.purgeQueue(name);
    } catch (error) {
      if (!TopologyNotFoundError.isInstance(error)) throw error;
    }
  }
  return count;
}
