import { revocationsOf } from '@ctq/core';
import type { CommandScope } from '../command-scope.js';
import { setRepr } from '../python-repr.js';
import { signalNumber } from '../signal-number.js';
import { controlCommand, ok, type WorkerCommand } from '../worker-command.js';

/** More than so many nobody reads in a line. */
const mostNamed = 100;

export const revoke: WorkerCommand = controlCommand({
  name: 'revoke',
  args: { task_id: 'text[]', terminate: 'boolean', signal: 'any' },
  variadic: 'task_id',
  required: ['task_id'],
  signature: '[id1 [id2 [... [idN]]]]',
  help: 'Revoke task by task id (or list of ids).',
  run: (scope, { task_id: ids, terminate: isEnding = false, signal }) =>
    isEnding ? terminateCalls(scope, ids, signal) : revokeCalls(scope, ids),
});

export const terminate: WorkerCommand = controlCommand({
  name: 'terminate',
  args: { signal: 'any', task_id: 'text[]' },
  variadic: 'task_id',
  required: ['signal', 'task_id'],
  signature: '<signal> [id1 [id2 [... [idN]]]]',
  help: 'Terminate task by task id (or list of ids).',
  run: (scope, { task_id: ids, signal }) => terminateCalls(scope, ids, signal),
});

/** celery 5.6 worker/control.py, revoke. */
async function revokeCalls({ revoking, kernel, logger }: CommandScope, given: readonly string[]): Promise<unknown> {
  const ids = [...new Set(given)];
  await revoking.publish(revocationsOf(ids, kernel.clock.now(), {}));
  logger.info(`Tasks flagged as revoked: ${shortList(ids)}`);
  return ok(`tasks ${setRepr(ids)} flagged as revoked`);
}

/** Those that wait here are discarded when it is their turn. With a signal that nobody knows they are revoked and not ended, as in Celery. */
async function terminateCalls(scope: CommandScope, given: readonly string[], signal: unknown): Promise<unknown> {
  const { revoking, kernel, consumer, logger } = scope;
  const ids = new Set(given);
  const number = await orRevoked(() => signalNumber(signal), scope, [...ids]);
  const { active, reserved } = consumer.requests;
  const found = [...active, ...reserved].map(({ message }) => message.id).filter((id) => ids.delete(id));
  if (found.length > 0) logger.info(`Terminating ${shortList(found)} (${number})`);
  await revoking.publish(revocationsOf([...new Set(given)], kernel.clock.now(), { terminate: true }));
  return ok(found.length === 0 ? 'terminate: tasks unknown' : `terminate: ${found.join(', ')}`);
}

async function orRevoked(
  read: () => number,
  { revoking, kernel }: CommandScope,
  ids: readonly string[],
): Promise<number> {
  try {
    return read();
  } catch (error) {
    await revoking.publish(revocationsOf(ids, kernel.clock.now(), {}));
    throw error;
  }
}

function shortList(ids: readonly string[]): string {
  const more = ids.length - mostNamed;
  return `${ids.slice(0, mostNamed).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
