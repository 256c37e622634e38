import type { SendRequest } from '../sending/task-sender.js';
import { builtinNames } from './builtin-names.js';
import { derivedIds } from './derived-ids.js';
import type { SerializedSignature } from './serialized-signature.js';

/** A chord that is not to wait for ever. */
export interface TimedChord {
  readonly groupId: string;
  /** The body as its members carry it. */
  readonly chord: SerializedSignature;
  readonly size: number;
  readonly timeoutMs: number;
}

/**
 * The call that ends a chord when its time is over: a message of its own, so that it comes whoever dies. It goes where the first member goes, since workers of ctq are there.
 * @param first undefined for a header of which nothing is sent
 */
export function chordTimeout(
  { groupId, chord, size, timeoutMs }: TimedChord,
  first: SendRequest | undefined,
): SendRequest {
  const { queue, exchange, exchangeType, routingKey, replyTo } = { ...first?.taskOptions, ...first?.options };
  const way = Object.entries({ queue, exchange, exchangeType, routingKey, replyTo });
  const { rootId, parentId } = first?.placement ?? {};
  const countdown = timeoutMs / 1_000;
  return {
    task: builtinNames.chordTimeout,
    id: derivedIds('timeout', groupId)(),
    args: [groupId, chord, size],
    kwargs: {},
    options: { ...Object.fromEntries(way.filter(([, value]) => value !== undefined)), countdown, ignoreResult: true },
    placement: { rootId: rootId ?? null, parentId: parentId ?? null },
    ...(first === undefined ? {} : { routeName: first.routeName ?? first.task }),
  };
}
