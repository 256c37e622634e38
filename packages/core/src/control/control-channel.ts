import type { Mailbox, MailboxTarget, NodeReply } from '@ctq/messaging';
import { type Duration, durationMs, type Logger } from '@ctq/runtime';
import { duplicateNodes, type NodeReplies, repliesByNode } from './node-replies.js';

/** Whom a command goes to: to all workers, where nothing is said. */
export interface ControlTarget extends MailboxTarget {
  /** How long it may take until the broker has the command, connecting included. Default 10 seconds. */
  readonly sendTimeout?: Duration;
  /** Ends the sending, and the waiting. */
  readonly signal?: AbortSignal;
}

export interface AskOptions extends ControlTarget {
  /**
   * The replies are complete when for so long none has come; default 1 second. By node, `{ 'w1@host': '5s' }`, they are when each has answered or its time is over: they are the
   * destination then, where none is given, and others in it have a second.
   */
  readonly timeout?: Duration | NodeTimeouts;
  /** So many replies are enough. Default: as many as destinations. */
  readonly limit?: number;
  /** Told of each reply as it comes. What it throws ends the waiting. */
  readonly onReply?: (reply: NodeReply) => void;
}

export type NodeTimeouts = Readonly<Record<string, Duration>>;

/** Celery's. */
const defaultTimeout: Duration = 1;

export interface SendOptions extends ControlTarget {
  /** The app's store says the same. Default false. */
  readonly isStored?: boolean;
}

/** A command by its name, with what it is given. */
export interface ControlMessage {
  readonly command: string;
  readonly args: Readonly<Record<string, unknown>>;
}

/** Sends commands and gathers what is answered (celery 5.6 app/control.py, Control.broadcast). */
export class ControlChannel {
  readonly #mailbox: () => Mailbox;
  readonly #logger: Logger;

  constructor(mailbox: () => Mailbox, logger: Logger) {
    this.#mailbox = mailbox;
    this.#logger = logger;
  }

  /** Resolves when the broker has it. */
  async send({ command, args }: ControlMessage, options: SendOptions): Promise<void> {
    await this.#mailbox().cast(command, args, { ...options, sendTimeoutMs: sendTimeoutMs(options) });
  }

  /** The replies in the order in which they came. */
  async ask({ command, args }: ControlMessage, options: AskOptions): Promise<readonly NodeReply[]> {
    const { timeout, ...more } = options;
    return await this.#mailbox().ask(command, args, {
      ...more,
      timeoutMs: timeoutMs(options),
      sendTimeoutMs: sendTimeoutMs(options),
    });
  }

  /** The same by the names of the nodes. @param read what it throws is an error of the node @param counts whose reply does */
  async askByNode<Value>(
    message: ControlMessage,
    options: AskOptions,
    read: (value: unknown) => Value,
    counts: (node: string) => boolean = () => true,
  ): Promise<NodeReplies<Value>> {
    const replies = (await this.ask(message, options)).filter(({ node }) => counts(node));
    const nodes = duplicateNodes(replies);
    if (nodes.length > 0)
      this.#logger.warn(
        { nodes },
        `Received multiple replies from node ${nodes.length === 1 ? 'name' : 'names'}: ${nodes.join(', ')}. Please make sure you give each node a unique nodename using the ctq worker \`-n\` option.`,
      );
    return repliesByNode(replies, read);
  }
}

function sendTimeoutMs({ sendTimeout }: ControlTarget): number | undefined {
  return sendTimeout === undefined ? undefined : durationMs(sendTimeout);
}

function timeoutMs({ timeout = defaultTimeout, destination = [] }: AskOptions): number | ReadonlyMap<string, number> {
  if (typeof timeout !== 'object') return durationMs(timeout);
  const given = Object.entries(timeout).map(([node, one]) => [node, durationMs(one)] as const);
  const byNode = new Map(given);
  if (destination.length === 0) return byNode;
  return new Map(destination.map((node) => [node, byNode.get(node) ?? durationMs(defaultTimeout)]));
}
