import { CommandError } from './command-error.js';
import type { Pool } from '../pool/pool.js';

/** A slot of its own is a thread or a process, and a machine ends with too many of them; a function that waits is an object. */
const mostSlots = { isolated: 1_024, shared: 100_000 };

/**
 * Whoever can send a control message can ask for a number.
 * @throws CommandError for a size that no worker is given by a message.
 */
export function checkGrowth(pool: Pool, size: number): void {
  const most = pool.supports.isolation ? mostSlots.isolated : mostSlots.shared;
  if (size > most) throw new CommandError('ValueError', `A worker is not given more than ${most} slots by a command`);
}
