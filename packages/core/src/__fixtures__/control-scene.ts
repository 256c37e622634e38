import { LamportClock, MailboxNode, memoryTransport } from '@ctq/messaging';
import { createLogger, type LogRecord, VirtualClock } from '@ctq/runtime';
import { loadVectors } from '@ctq/wire-vectors';
import type { AppOptions } from '../app/app-kernel.js';
import { Ctq } from '../app/ctq.js';
import { memoryBackend } from '../backend/memory-backend.js';

/** What somebody was asked for. */
export interface HeardCommand {
  readonly node: string;
  readonly command: string;
  readonly args: Readonly<Record<string, unknown>>;
}

/** An app over memory, on a clock that stands still, and nodes that answer what they are told to. */
export class ControlScene implements AsyncDisposable {
  readonly clock: VirtualClock = new VirtualClock();
  readonly lines: LogRecord[] = [];
  readonly heard: HeardCommand[] = [];
  readonly app: Ctq;
  readonly #nodes: MailboxNode[] = [];
  readonly #closing: (() => Promise<void>)[] = [];

  constructor(options: AppOptions = {}) {
    const logger = createLogger((line) => this.lines.push(line));
    const broker = memoryTransport();
    this.app = new Ctq('shop', { broker, backend: memoryBackend(), clock: this.clock, logger, ...options });
  }

  /** One that listens, as workers of Python and others do. */
  async node(
    name: string,
    answer: (command: string, args: Readonly<Record<string, unknown>>) => unknown = () => null,
  ): Promise<void> {
    const { kernel } = this.app;
    const connection = await this.app.connect();
    const node = new MailboxNode({
      ...{ name, layout: kernel.mailboxLayout, content: kernel.content, serializer: 'json', logger: kernel.logger },
      logicalClock: new LamportClock(),
      connection: () => connection,
      publishing: () => Promise.resolve(connection),
      describeError: String,
      handle: (command, args) => {
        this.heard.push({ node: name, command, args });
        return answer(command, args);
      },
    });
    this.#nodes.push(node);
    this.#closing.push(() => connection.close());
    await node.start();
  }

  /** One that takes no notice of whom a request is for, and answers each with these bodies. */
  async stray(...bodies: readonly unknown[]): Promise<void> {
    const { mailboxLayout, content } = this.app.kernel;
    const connection = await this.app.connect();
    const replies: Promise<void>[] = [];
    const consumer = connection.consume({
      queues: [mailboxLayout.nodeQueue('stray', () => undefined)],
      noAck: true,
      onDelivery: ({ message }) => {
        const request = content.decode(message) as {
          readonly ticket: string;
          readonly reply_to: { readonly exchange: string; readonly routing_key: string };
        };
        const { exchange, routing_key: routingKey } = request.reply_to;
        const headers = { ticket: request.ticket, clock: 1 };
        for (const one of bodies) {
          const body = new TextEncoder().encode(JSON.stringify(one));
          replies.push(connection.producer.publish({ ...message, body, headers }, { exchange, routingKey }));
        }
      },
    });
    this.#closing.push(async () => {
      await Promise.all(replies);
      await connection.close();
    });
    await consumer.start();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const node of this.#nodes) await node.close();
    for (const close of this.#closing) await close();
    await this.app.close();
  }
}

/** A command of Python's client and what Python's worker has answered. */
export interface CapturedCommand {
  readonly method: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly value: unknown;
}

export function capturedCommand(name: string): CapturedCommand {
  const vector = loadVectors('control.redis').find((one) => one.name === name);
  const { request, reply } = (vector?.raw ?? {}) as Readonly<
    Record<string, readonly { readonly decoded_body: Readonly<Record<string, unknown>> }[] | undefined>
  >;
  const body = request?.[0]?.decoded_body as unknown as CapturedCommand | undefined;
  if (body === undefined) throw new Error(`There is no captured command ${name}.`);
  return { method: body.method, arguments: body.arguments, value: Object.values(reply?.[0]?.decoded_body ?? {})[0] };
}
