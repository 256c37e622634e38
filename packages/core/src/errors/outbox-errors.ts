import { CtqError } from '@ctq/runtime';

/** A call that could not be sent, and why. */
export interface UnsentCall {
  readonly task: string;
  readonly id: string;
  readonly error: Error;
}

/** Some calls of an outbox could not be sent. They are still in it, but for unique ones whose key is taken. */
export class OutboxFlushError extends CtqError {
  static override readonly family: string = 'OutboxFlushError';
  /** Calls that the broker has taken. */
  readonly sent: number;
  readonly failures: readonly UnsentCall[];

  constructor(sent: number, failures: readonly UnsentCall[]) {
    const [first] = failures;
    super(
      'CTQ_OUTBOX_FLUSH',
      `${failures.length} calls of an outbox could not be sent, the first ${first?.task}[${first?.id}]: ${first?.error.message} ${sent} were sent.`,
      { cause: first?.error, details: { sent, taskIds: failures.map(({ id }) => id) } },
    );
    this.sent = sent;
    this.failures = failures;
  }
}

/** A call was made with the outbox of a transaction that has ended: nobody would send it. */
export class OutboxClosedError extends CtqError {
  static override readonly family: string = 'OutboxClosedError';

  constructor(task: string, id: string) {
    super('CTQ_OUTBOX_CLOSED', `${task}[${id}] was called with the outbox of a transaction that has ended.`, {
      details: { task, id },
    });
  }
}
