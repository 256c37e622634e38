import type { Mailbox, MailboxTarget, NodeReply } from '@ctq/messaging';
import { type Duration, durationMs } from '@ctq/runtime';

/** Whom a command goes to: to all workers, where nothing is said. */
export interface ControlTarget extends MailboxTarget {
  readonly signal?: AbortSignal;
}

export interface AskOptions extends ControlTarget {
  /** The replies are complete when for so long none has come. Default 1 second. */
  readonly timeout?: Duration;
  /** So many replies are enough. Default: as many as destinations. */
  readonly limit?: number;
  /** Told of each reply as it comes. */
  readonly onReply?: (reply: NodeReply) => void;
}

/** Celery's. */
const defaultTimeout: Duration = 1;

/** Commands to the workers of an app, those of Python too (celery 5.6 app/control.py, Control). */
export class Control {
  readonly #mailbox: () => Mailbox;

  constructor(mailbox: () => Mailbox) {
    this.#mailbox = mailbox;
  }

  /** Sends a command by its name; nobody answers. Resolves when the broker has it. */
  async broadcast(
    command: string,
    args: Readonly<Record<string, unknown>> = {},
    target: ControlTarget = {},
  ): Promise<void> {
    await this.#mailbox().cast(command, args, target);
  }

  /** The same, and what each worker answers, in the order in which they do. */
  async ask(
    command: string,
    args: Readonly<Record<string, unknown>> = {},
    options: AskOptions = {},
  ): Promise<readonly NodeReply[]> {
    const { timeout = defaultTimeout, ...more } = options;
    return await this.#mailbox().ask(command, args, { ...more, timeoutMs: durationMs(timeout) });
  }
}
