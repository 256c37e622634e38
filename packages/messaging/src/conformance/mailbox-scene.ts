import { type Clock, createLogger, type LogRecord } from '@ctq/runtime';
import type { Connection } from '../connection/connection.js';
import { LamportClock } from '../mailbox/lamport-clock.js';
import { Mailbox } from '../mailbox/mailbox.js';
import type { MailboxLayout } from '../mailbox/mailbox-layout.js';
import { MailboxNode, type MailboxNodeOptions } from '../mailbox/mailbox-node.js';
import type { ContentCodec } from '../serialization/content.js';
import { createContentCodec } from '../serialization/content-codec.js';

export interface MailboxSceneOptions {
  readonly layout: MailboxLayout;
  readonly clock: Clock;
  /** Makes a connection; it is closed with the scene. */
  readonly connect: () => Connection;
}

export interface MailboxSceneNode extends Partial<MailboxNodeOptions> {
  /** Told of the address of each who wants to be answered. */
  readonly onRequest?: (replyTo: string) => void;
}

/** Nodes and clients of a mailbox, each with connections of its own, and what the nodes were asked for. */
export class MailboxScene {
  readonly content: ContentCodec = createContentCodec();
  readonly lines: LogRecord[] = [];
  /** `node method`, in the order of each node. */
  readonly heard: string[] = [];
  readonly namespace: string;
  readonly #options: MailboxSceneOptions;
  readonly #nodes: MailboxNode[] = [];
  readonly #mailboxes: Mailbox[] = [];

  constructor(options: MailboxSceneOptions) {
    this.#options = options;
    this.namespace = options.layout.namespace;
  }

  /** One that listens. Default: it answers with what it was asked. */
  async node(name: string, options: MailboxSceneNode = {}): Promise<MailboxNode> {
    const node = this.newNode(name, options);
    await node.start();
    return node;
  }

  newNode(name: string, { handle = echo, onRequest, ...options }: MailboxSceneNode = {}): MailboxNode {
    const { layout, connect } = this.#options;
    const [consuming, publishing] = [connect(), connect()];
    const node = new MailboxNode({
      ...{ name, layout, content: this.content, serializer: 'json', logicalClock: new LamportClock() },
      logger: createLogger((line) => this.lines.push(line)),
      connection: () => consuming,
      publishing: () => Promise.resolve(publishing),
      describeError: String,
      passesOver: ({ replyTo }) => {
        if (replyTo !== undefined) onRequest?.(replyTo.routingKey);
        return false;
      },
      ...options,
      handle: (method, args) => {
        this.heard.push(`${name} ${method}`);
        return handle(method, args);
      },
    });
    this.#nodes.push(node);
    return node;
  }

  mailbox(logicalClock: LamportClock = new LamportClock()): Mailbox {
    const { layout, clock, connect } = this.#options;
    const publishing = connect();
    const mailbox = new Mailbox({
      ...{ layout, content: this.content, serializer: 'json', logicalClock, clock },
      logger: createLogger((line) => this.lines.push(line)),
      publishing: () => Promise.resolve(publishing),
      connect: () => Promise.resolve(connect()),
    });
    this.#mailboxes.push(mailbox);
    return mailbox;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#mailboxes, ...this.#nodes].map((one) => one.close()));
  }
}

function echo(method: string, args: Readonly<Record<string, unknown>>): unknown {
  return { method, args };
}
