import { mayRecover, type Outcome, stateAfter, type UniqueState } from '@ctq/core';
import { ConfigurationError, toError } from '@ctq/runtime';
import { discard } from './discard.js';
import { tellInternalError } from './internal-error.js';
import { repairAttempts, waitForRepair } from './repair.js';
import { settle } from './settle.js';
import type { TaskRequest } from './task-request.js';
import type { Workplace } from './workplace.js';

/** Takes the key of a unique call. Resolves with false when it is not to be run: another one has taken its place, and its message is seen to. */
export async function beginUnique(request: TaskRequest, workplace: Workplace): Promise<boolean> {
  const { message, deliveryInfo, abandoned } = request;
  const { unique } = message;
  if (unique === undefined) return true;
  const { kernel, logger } = workplace;
  try {
    const beginning = await insist(request, workplace, 'take', () =>
      kernel.unique.begin(message.id, unique, { redelivered: deliveryInfo.redelivered, signal: abandoned }),
    );
    if (beginning?.kind === 'run') {
      request.uniqueVersion = beginning.version;
      return true;
    }
    // Given back while it waited.
    if (beginning === undefined) return false;
    if (!(await discard(request, `replaced by ${beginning.by}`, workplace))) return false;
  } catch (error) {
    // An app that has no store cannot know: it was accepted, so it runs.
    if (ConfigurationError.isInstance(error)) {
      logger.error({ err: error }, `${request.name}[${message.id}] is unique, and is run without its key`);
      return true;
    }
    await tellInternalError(request, toError(error), 'it goes back to its queue', workplace);
    await settle(request.delivery, 'requeue', logger);
    return false;
  }
  // Last: a message that comes back all the same is to find it.
  await kernel.unique.forgetReplaced(message.id, unique).catch((error: unknown) => tellLost(request, error, workplace));
  return false;
}

/** Lets go of the key, or keeps it as the call's states say. An outcome counts before it is known: whoever sees it may send the next call. */
export async function endUnique(request: TaskRequest, outcome: Outcome, workplace: Workplace): Promise<void> {
  await moveUnique(request, stateAfter(outcome), workplace);
}

/** The call is back in its queue. */
export async function returnUnique(request: TaskRequest, workplace: Workplace): Promise<void> {
  await moveUnique(request, 'waiting', workplace);
}

/** It will not be run. */
export async function dropUnique(request: TaskRequest, workplace: Workplace): Promise<void> {
  await moveUnique(request, undefined, workplace);
}

async function moveUnique(request: TaskRequest, state: UniqueState | undefined, workplace: Workplace): Promise<void> {
  const { message, uniqueVersion } = request;
  const { unique } = message;
  if (unique === undefined || request.isAbandoned) return;
  try {
    request.uniqueVersion = await insist(request, workplace, 'give back', () =>
      workplace.kernel.unique.end(message.id, unique, state, uniqueVersion),
    );
  } catch (error) {
    tellLost(request, error, workplace);
  }
}

/** Tries again while the store is away. Resolves with undefined when the request was abandoned meanwhile. */
async function insist<T>(
  request: TaskRequest,
  workplace: Workplace,
  verb: string,
  work: () => Promise<T>,
): Promise<T | undefined> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await work();
    } catch (thrown) {
      if (request.isAbandoned) return undefined;
      const error = toError(thrown);
      if (!mayRecover(error) || attempt + 1 >= repairAttempts) throw error;
      await waitForRepair(
        request,
        error,
        attempt,
        `${verb} the key of ${request.name}[${request.message.id}]`,
        workplace,
      );
      if (request.isAbandoned) return undefined;
    }
  }
}

/** Its entry goes when its window is over. */
function tellLost({ name, message }: TaskRequest, error: unknown, { logger }: Workplace): void {
  // Told when it was begun: there is no key.
  if (ConfigurationError.isInstance(error)) return;
  logger.error(
    { err: toError(error) },
    `Couldn't give back the key of ${name}[${message.id}]; it is free when its window is over`,
  );
}
