import { CtqError, formatDuration } from '@ctq/runtime';
import { exitText, type SlotExit } from './slot-host.js';

/** A thread or process of a pool that cannot run tasks. */
export class SlotStartError extends CtqError {
  static override readonly family: string = 'SlotStartError';

  constructor(message: string, options: { readonly cause?: unknown } = {}) {
    super('CTQ_SLOT_START', message, options);
  }

  static unfit(
    title: string,
    { message, stack }: { readonly message: string; readonly stack: string | undefined },
  ): SlotStartError {
    const cause = new Error(message);
    if (stack !== undefined) cause.stack = stack;
    return new SlotStartError(`The application could not be loaded in the ${title}: ${message}`, { cause });
  }

  static tooSlow(title: string, ms: number): SlotStartError {
    return new SlotStartError(
      `The ${title} was not ready within ${formatDuration(ms)}: give it more time (workerProcAliveTimeout), or look what the application does when it is imported.`,
    );
  }

  static unlocated(pool: string): SlotStartError {
    return new SlotStartError(
      `The pool ${pool} loads the application in each of its slots, and does not know from where. Start the worker with ctq -A, or say: new Worker(app, { module: import.meta.url }).`,
    );
  }

  static unused(title: string, exit: SlotExit): SlotStartError {
    return new SlotStartError(`The ${title} ended before it had run a task: ${exitText(exit)}`);
  }

  static ended(title: string, exit: SlotExit): SlotStartError {
    return new SlotStartError(`The ${title} ended before it was ready: ${exitText(exit)}`);
  }
}
