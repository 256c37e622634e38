import { randomUUID } from 'node:crypto';
import { type Exchange, exchange } from './exchange.js';
import { type Queue, type QueueOptions, queue } from './queue.js';

export interface BroadcastOptions extends Omit<QueueOptions, 'exchange' | 'isBroadcast'> {
  /** Name of the queue in place of a generated one. */
  readonly queue?: string;
  /** A generated name also where `queue` is given, which it begins with then. */
  readonly unique?: boolean;
  /** In place of a fan-out exchange of the broadcast's name. */
  readonly exchange?: Exchange;
}

/**
 * A queue that every consumer has one of, behind a fan-out exchange: each gets a copy of what is sent to `name` (kombu 5.6 common.py, Broadcast).
 * The queue goes with its consumer; what is sent while there is none is lost.
 */
export function broadcast(name: string, options: BroadcastOptions = {}): Queue {
  const { queue: given, unique = false, exchange: own, ...rest } = options;
  const queueName = unique || given === undefined ? `${given ?? 'bcast'}.${randomUUID()}` : given;
  return queue(queueName, {
    alias: name,
    autoDelete: true,
    ...rest,
    exchange: own ?? exchange(name, { type: 'fanout' }),
    isBroadcast: true,
  });
}
