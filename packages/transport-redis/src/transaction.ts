import type { ChainableCommander } from 'ioredis';

/**
 * Runs a transaction; resolves with its replies.
 * @throws the first error of one of its commands.
 */
export async function execute(transaction: ChainableCommander): Promise<readonly unknown[]> {
  const replies = (await transaction.exec()) ?? [];
  const failed = replies.find(([error]) => error !== null);
  if (failed?.[0] != null) throw failed[0];
  return replies.map(([, reply]) => reply);
}
