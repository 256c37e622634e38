import { CtqError } from '@ctq/runtime';

/** The command line cannot be meant like this; status 2. */
export class UsageError extends CtqError {
  static override readonly family: string = 'UsageError';

  constructor(message: string) {
    super('CTQ_USAGE', message);
  }
}
