import { toError } from '@ctq/runtime';
import type { Kernel } from '../app/kernel.js';
import { builtinNames } from '../canvas/builtin-names.js';
import { isSignature } from '../canvas/serialize.js';
import { InvalidTaskMessageError } from '../errors/task-errors.js';
import { mayRecover } from '../errors/may-recover.js';
import { endJoin } from '../execute/chord-part.js';
import type { TaskDefinition } from '../task/task-definition.js';
import { builtin } from './builtin.js';

/** Seconds until it looks again, and how often it does, before it takes the body from a member that does not send it. */
const patience = { countdown: 10, maxRetries: 3 };
/** Seconds until it tries again when the broker or the store is away. */
const away = { countdown: 10, maxRetries: null };

/** `ctq.chord_timeout`: ends a chord whose time is over, if it is still open. Sent with the chord, for the moment in which its time ends. */
export function chordTimeoutTask(kernel: Kernel): TaskDefinition {
  return builtin({
    name: builtinNames.chordTimeout,
    params: ['group_id', 'chord', 'size'],
    ignoreResult: true,
    run: async (ctx, groupId: unknown, chord: unknown, size: unknown) => {
      if (typeof groupId !== 'string' || typeof size !== 'number' || !isSignature(chord))
        throw new InvalidTaskMessageError(`${builtinNames.chordTimeout} is given a group, the body and a number.`);
      const { id, rootId, replyTo, retries } = ctx.request;
      const member = { id, rootId: rootId ?? id, group: groupId, groupIndex: null, chord, replyTo };
      const isForced = retries >= patience.maxRetries;
      const isEnded = await endJoin(kernel, member, size, isForced).catch((thrown: unknown) => {
        const error = toError(thrown);
        throw mayRecover(error) ? ctx.retry({ ...away, error, throw: false }) : error;
      });
      if (!isEnded) throw ctx.retry({ ...patience, throw: false });
    },
  });
}
