import { inspect } from 'node:util';
import { completeTask } from '@ctq/core';
import type { Delivery } from '@ctq/messaging';
import { type Logger, toError } from '@ctq/runtime';
import { settle } from '../execute/settle.js';
import { deliveryInfoOf } from '../execute/task-request.js';
import type { Workplace } from '../execute/workplace.js';
import type { Received } from './receive-task.js';

export type Refused = Exclude<Received, { kind: 'task' }>;

/** Says why a message is not run, and settles it (TR-222 to TR-225). Never rejects. */
export async function refuse(delivery: Delivery, refused: Refused, workplace: Workplace): Promise<void> {
  await tellRefused(delivery, refused, workplace);
  await settleRefused(delivery, refused, workplace);
}

function tellRefused(
  { message, route }: Delivery,
  refused: Refused,
  { kernel: { signals }, hostname: sender }: Workplace,
): Promise<void> | undefined {
  const { error } = refused;
  if (refused.kind !== 'unregistered')
    return signals.taskRejected.send(sender, () => ({ sender, message, route, error }));
  const { task, id } = refused.message;
  return signals.taskUnknown.send(sender, () => ({ sender, message, route, error, task, id }));
}

function settleRefused(delivery: Delivery, refused: Refused, workplace: Workplace): Promise<void> {
  const { logger } = workplace;
  switch (refused.kind) {
    case 'unreadable':
      logger.fatal({ err: refused.error }, unreadable(delivery, refused.error));
      return settle(delivery, 'ack', logger);
    case 'invalid':
      logger.error({ err: refused.error }, invalid(delivery, refused.error));
      return settle(delivery, 'drop', logger);
    case 'unknown':
      logger.warn(
        `Received and deleted unknown message.  Wrong destination?!?\n\nThe full contents of the message body was: ${report(delivery)}`,
      );
      return settle(delivery, 'drop', logger);
    case 'unregistered':
      logger.error(
        { err: refused.error },
        unregistered(delivery, refused.message.task, workplace.kernel.registry.names),
      );
      return refuseUnregistered(delivery, refused, workplace);
  }
}

/** TR-222: FAILURE is stored, then the message is dropped or dead-lettered. */
async function refuseUnregistered(
  delivery: Delivery,
  refused: Refused & { kind: 'unregistered' },
  workplace: Workplace,
): Promise<void> {
  const { kernel, hostname, logger } = workplace;
  const { id, task, unique } = refused.message;
  workplace.events.unknown(task, id);
  try {
    if (unique !== undefined) await kernel.unique.end(id, unique, undefined);
    await completeTask(kernel, {
      message: refused.message,
      definition: undefined,
      deliveryInfo: deliveryInfoOf(delivery),
      hostname,
      outcome: { kind: 'failure', error: refused.error, reason: 'not-registered', runtimeMs: 0 },
    });
  } catch (error) {
    return putBackLater(delivery, toError(error), workplace, logger);
  }
  await settle(delivery, 'drop', logger);
}

/** Its caller could not be told: it goes back, but not in a hot loop. */
async function putBackLater(delivery: Delivery, error: Error, { clock }: Workplace, logger: Logger): Promise<void> {
  const delayMs = 5_000;
  logger.error(
    { err: error, retryInMs: delayMs },
    "Couldn't store that a task is not registered; its message goes back to its queue",
  );
  await new Promise<void>((resolve) => void clock.setTimer(resolve, delayMs, { background: true }));
  await settle(delivery, 'requeue', logger);
}

/** celery 5.6 worker/consumer/consumer.py, MESSAGE_DECODE_ERROR. */
function unreadable(delivery: Delivery, error: Error): string {
  const { contentType, contentEncoding, headers } = delivery.message;
  return `Can't decode message body: ${error.message} [type:${shown(contentType)} encoding:${shown(contentEncoding)} headers:${shown(headers)}]\n\nbody: ${body(delivery)}`;
}

/** Celery's INVALID_TASK_ERROR. */
function invalid(delivery: Delivery, error: Error): string {
  return `Received invalid task message: ${error.message}\nThe message has been ignored and discarded.\n\nThe full contents of the message body was:\n${body(delivery)}`;
}

/** Celery's UNKNOWN_TASK_ERROR. */
function unregistered(delivery: Delivery, task: string, names: readonly string[]): string {
  const shownNames = names.slice(0, mostNames).join(', ');
  return [
    `Received unregistered task of type '${task}'.`,
    'The message has been ignored and discarded.',
    '',
    'Did you remember to import the module containing this task?',
    'Or does another program use the same queue?',
    names.length === 0
      ? 'No task is registered here.'
      : `Registered here: ${shownNames}${names.length > mostNames ? `, and ${names.length - mostNames} more` : ''}.`,
    '',
    `The full contents of the message body was:\n${body(delivery)}`,
    '',
    `The full contents of the message headers:\n${shown(delivery.message.headers)}`,
    '',
    `The delivery info for this task is:\n${shown(deliveryInfoOf(delivery))}`,
  ].join('\n');
}

/** Celery's MESSAGE_REPORT. */
function report(delivery: Delivery): string {
  const { contentType, contentEncoding, headers } = delivery.message;
  return `body: ${body(delivery)}\n{content_type:${shown(contentType)} content_encoding:${shown(contentEncoding)}\n  delivery_info:${shown(deliveryInfoOf(delivery))} headers=${shown(headers)}}`;
}

const longestBody = 1_024;
const mostNames = 20;

function body({ message }: Delivery): string {
  const text = Buffer.from(
    message.body.buffer,
    message.body.byteOffset,
    Math.min(message.body.byteLength, longestBody),
  ).toString('utf8');
  return `${shown(text)}${message.body.byteLength > longestBody ? '...' : ''} (${message.body.byteLength}b)`;
}

/** What strangers send goes into the log without control characters, and not without end. */
function shown(value: unknown): string {
  return inspect(value, {
    depth: 3,
    breakLength: Number.POSITIVE_INFINITY,
    maxStringLength: longestBody,
    maxArrayLength: 20,
    customInspect: false,
  });
}
