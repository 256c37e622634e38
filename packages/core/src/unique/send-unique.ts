import { PublishTimeoutError } from '@ctq/messaging';
import { durationMs, toError } from '@ctq/runtime';
import type { Kernel } from '../app/kernel.js';
import { UniqueConflictError } from '../errors/unique-errors.js';
import { parentPlace } from '../execute/inheritance.js';
import type { SendRequest } from '../sending/task-sender.js';
import type { TaskOptions } from '../task/task-options.js';
import type { UniqueClaim } from './unique-calls.js';
import { uniquenessOf } from './unique-key.js';
import type { UniqueConflict } from './unique-options.js';
import type { Uniqueness } from './unique-rules.js';

/** Sends a call, which may be unique. Resolves when the broker has it, with how it met another call that had its key; undefined for no such. */
export function sendCall(kernel: Kernel, request: SendRequest): Promise<UniqueConflict | undefined> {
  if (!isUnique(request)) return kernel.sender.send(request) as Promise<undefined>;
  const uniqueness = uniquenessOf(kernel, request);
  if (uniqueness === undefined) return kernel.sender.send(request) as Promise<undefined>;
  const { outbox } = request.options;
  if (outbox === undefined) return sendUnique(kernel, placed(kernel, request), uniqueness);
  const later = placed(kernel, withoutOutbox(kernel, request));
  const { task, id } = request;
  outbox.hold({ task, id, outgoing: undefined, send: () => sendUnique(kernel, later, uniqueness) });
  return Promise.resolve(undefined);
}

/** A key is taken when the call is sent: before, nobody knows whether it will be. A countdown runs from now all the same. */
function withoutOutbox(kernel: Kernel, request: SendRequest): SendRequest {
  const { outbox: _, countdown, ...options } = request.options;
  if (countdown === undefined) return { ...request, options };
  return {
    ...request,
    options: { ...options, eta: options.eta ?? new Date(kernel.clock.now() + durationMs(countdown)) },
  };
}

async function sendUnique(
  kernel: Kernel,
  request: SendRequest,
  uniqueness: Uniqueness,
): Promise<UniqueConflict | undefined> {
  const { id, task } = request;
  const claim = await claimFor(kernel, request, uniqueness);
  if (claim.kind !== 'taken') return sendClaimed(kernel, request, claim);
  if (uniqueness.onConflict === 'throw') throw new UniqueConflictError(task, id, claim.id);
  return { outcome: uniqueness.onConflict === 'drop' ? 'dropped' : 'returned', id: claim.id };
}

/**
 * Sends the first messages of a workflow. Where the key of one is taken none is sent: a step that does not run would leave those waiting that follow it.
 * @param beforeSending what has to be there before the first message.
 * @throws UniqueConflictError
 */
export async function sendWorkflow(
  kernel: Kernel,
  requests: readonly SendRequest[],
  beforeSending: () => Promise<void>,
): Promise<void> {
  const [first] = requests;
  const outbox = first?.options.outbox;
  if (first === undefined || outbox === undefined) return await sendTogether(kernel, requests, beforeSending);
  const later = requests.map((request) => withoutOutbox(kernel, request));
  outbox.hold({
    task: first.task,
    id: first.id,
    outgoing: undefined,
    send: async () => {
      await sendTogether(kernel, later, beforeSending);
      return undefined;
    },
  });
}

async function sendTogether(
  kernel: Kernel,
  requests: readonly SendRequest[],
  beforeSending: () => Promise<void>,
): Promise<void> {
  const uniqueOnes = requests.map((request) => ({ request, uniqueness: uniquenessOf(kernel, request) }));
  const claims = await Promise.allSettled(
    uniqueOnes.map(async ({ request, uniqueness }) =>
      uniqueness === undefined ? undefined : claimFor(kernel, request, uniqueness),
    ),
  );
  try {
    for (const [index, claim] of claims.entries()) {
      if (claim.status === 'rejected') throw claim.reason;
      const { request } = uniqueOnes[index] as { request: SendRequest };
      if (claim.value?.kind === 'taken') throw new UniqueConflictError(request.task, request.id, claim.value.id);
    }
    await beforeSending();
  } catch (error) {
    await Promise.all(claims.map((claim) => withdraw(kernel, claim.status === 'fulfilled' ? claim.value : undefined)));
    throw error;
  }
  await Promise.all(
    claims.map((claim, index) => {
      const { request } = uniqueOnes[index] as { request: SendRequest };
      const made = claim.status === 'fulfilled' ? claim.value : undefined;
      return made === undefined ? kernel.sender.send(request) : sendClaimed(kernel, request, made);
    }),
  );
}

/** Whether the call may have to give way to another one. */
export function isUnique({
  options,
  taskOptions,
}: {
  readonly options: Pick<SendRequest['options'], 'unique'>;
  readonly taskOptions?: Pick<TaskOptions, 'unique'>;
}): boolean {
  const unique = options.unique ?? taskOptions?.unique;
  return unique !== undefined && unique !== false;
}

function claimFor(kernel: Kernel, { id, options }: SendRequest, uniqueness: Uniqueness): Promise<UniqueClaim> {
  const now = kernel.clock.now();
  const dueAt = options.eta?.getTime() ?? (options.countdown === undefined ? now : now + durationMs(options.countdown));
  return kernel.unique.claim(id, uniqueness, dueAt);
}

async function sendClaimed(
  kernel: Kernel,
  request: SendRequest,
  claim: UniqueClaim,
): Promise<UniqueConflict | undefined> {
  if (claim.kind === 'taken') return undefined;
  const { id } = request;
  const isReplacing = claim.kind === 'replacing';
  // What runs in place is over when it was sent.
  const { taskAlwaysEager } = kernel.settings;
  if (isReplacing && taskAlwaysEager) {
    const conflict = await kernel.unique.replace(id, claim.ticket, claim.found);
    if (conflict?.outcome !== 'returned') await kernel.sender.send({ ...request, unique: claim.ticket });
    return conflict;
  }
  try {
    await kernel.sender.send({ ...request, unique: claim.ticket });
  } catch (error) {
    if (!mayHaveArrived(error)) await withdraw(kernel, claim);
    throw error;
  }
  if (!isReplacing) return undefined;
  try {
    return await kernel.unique.replace(id, claim.ticket, claim.found);
  } catch (error) {
    kernel.logger.warn(
      { err: toError(error), data: { id, name: request.task } },
      `Task ${request.task}[${id}] was sent, but the call with its key could not be replaced: both will run`,
    );
    return undefined;
  }
}

async function withdraw(kernel: Kernel, claim: UniqueClaim | undefined): Promise<void> {
  if (claim?.kind !== 'held') return;
  try {
    await kernel.unique.withdraw(claim.ticket);
  } catch (error) {
    kernel.logger.warn({ err: toError(error) }, "The key of a unique call that was not sent couldn't be given back");
  }
}

/** Whether a call whose publish has failed may run all the same. */
export function mayHaveArrived(error: unknown): boolean {
  return PublishTimeoutError.isInstance(error) && error.outcome === 'unknown';
}

/** Its place in the task that makes the call is known now; after the store was asked it may not be. */
function placed(kernel: Kernel, request: SendRequest): SendRequest {
  const parent = parentPlace(kernel);
  if (parent === undefined) return request;
  const { rootId, parentId, inherited } = parent;
  return {
    ...request,
    placement: {
      ...request.placement,
      rootId: request.placement.rootId ?? rootId,
      parentId: request.placement.parentId ?? parentId,
    },
    ...(inherited === undefined ? {} : { inherited: request.inherited ?? inherited }),
  };
}
