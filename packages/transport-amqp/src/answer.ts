import { ChannelClosedError } from '@ctq/messaging';
import { type Clock, Deadline } from '@ctq/runtime';

/**
 * How long the broker has for an answer. A channel of RabbitMQ stands still for half a minute and longer where a quorum queue has no leader just then, with all that comes behind on it; a queue
 * has a new leader after a second or two, and another channel is answered.
 */
const answerWithinMs = 5_000;

/** @throws ChannelClosedError, which is worth another try, when the broker does not answer in time; the channel is of no use then. */
export async function answered<Answer>(asked: Promise<Answer>, clock: Clock, what: string): Promise<Answer> {
  const deadline = Deadline.after(answerWithinMs, clock);
  if (await deadline.wait(asked)) return await asked;
  asked.catch(() => undefined);
  throw new ChannelClosedError(`RabbitMQ has not answered for ${answerWithinMs} ms: ${what}.`);
}
