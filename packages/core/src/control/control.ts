import type { NodeReply } from '@ctq/messaging';
import type { RateLimit } from '../limits/rate-limit.js';
import type { StampedHeaders } from '../revoke/revocation.js';
import type { Wire } from '../task/wire.js';
import type { AskOptions, ControlChannel, ControlTarget } from './control-channel.js';
import { Inspect } from './inspect.js';
import { type CommandError, type NodeReplies, okValue } from './node-replies.js';
import type { PurgeOptions } from './purge-queues.js';
import type { CommandArguments, GivenArguments, RemoteCommand } from './remote-command.js';

export interface ControlOptions extends AskOptions {
  /** Waits for what the workers answer. Default false: the command is sent, and that is all. */
  readonly reply?: boolean;
}

/** What a command resolves with: the replies for who wants them. */
export type Replied<Options extends ControlOptions> = Options extends { readonly reply: true }
  ? NodeReplies<unknown>
  : Options extends { readonly reply: boolean }
    ? NodeReplies<unknown> | undefined
    : undefined;

export interface TerminateOptions {
  /** Ends them where they run. Default false. */
  readonly terminate?: boolean;
  /** With which signal workers of Python do that. Default `SIGTERM`. */
  readonly terminateSignal?: string;
}

/** A queue that workers do not know from their settings. */
export interface AddConsumerOptions {
  /** Default: an exchange of the queue's name. */
  readonly exchange?: string;
  /** Default `direct`. */
  readonly exchangeType?: string;
  /** Default: the queue's name. */
  readonly routingKey?: string;
  /** What else the queue is declared with, by Kombu's names: `{ queue_durable: false }`. */
  readonly options?: Readonly<Record<string, unknown>>;
}

export interface PoolRestartOptions {
  /** To be imported again. */
  readonly modules?: readonly string[];
  /** Those that were imported before are loaded anew; Python's only. */
  readonly reload?: boolean;
}

type Given = Readonly<Record<string, unknown>>;

/**
 * Commands to the workers of an app, those of Python too (celery 5.6 app/control.py, Control). They go to all workers, unless their options name some; who wants to know
 * what became of it says `reply: true`.
 */
export class Control {
  readonly #channel: ControlChannel;
  readonly #purge: (options: PurgeOptions) => Promise<number>;

  constructor(channel: ControlChannel, purge: (options: PurgeOptions) => Promise<number>) {
    this.#channel = channel;
    this.#purge = purge;
  }

  /** Sends a command; nobody answers. Resolves when the broker has it. @throws TransportConnectionError when it cannot be sent. */
  broadcast<const Args extends CommandArguments>(
    command: RemoteCommand<Args>,
    args?: GivenArguments<Args>,
    target?: ControlTarget,
  ): Promise<void>;
  broadcast(command: string, args?: Given, target?: ControlTarget): Promise<void>;
  async broadcast(command: string | { readonly name: string }, args: Given = {}, target: ControlTarget = {}) {
    await this.#channel.send({ command: nameOf(command), args }, target);
  }

  /** The same, and what each worker answers, in the order in which they do. A command that the program has made has its types here. */
  ask<const Args extends CommandArguments, Reply>(
    command: RemoteCommand<Args, Reply>,
    args?: GivenArguments<Args>,
    options?: AskOptions,
  ): Promise<readonly NodeReply<Wire<Reply> | CommandError>[]>;
  ask(command: string, args?: Given, options?: AskOptions): Promise<readonly NodeReply[]>;
  async ask(
    command: string | { readonly name: string },
    args: Given = {},
    options: AskOptions = {},
  ): Promise<readonly NodeReply[]> {
    return await this.#channel.ask({ command: nameOf(command), args }, options);
  }

  /** Questions, with options for all of them. */
  inspect(options: AskOptions = {}): Inspect {
    return new Inspect(this.#channel, options);
  }

  /** Which workers are there. */
  ping(options: AskOptions = {}): Promise<NodeReplies<string>> {
    return this.inspect(options).ping();
  }

  /** Discards all messages that wait in queues; there is no undo. Resolves with their number. */
  purge(options: PurgeOptions = {}): Promise<number> {
    return this.#purge(options);
  }

  /**
   * Tells workers not to run tasks. They know it as long as they run, those that start later do not: `app.revoke` is for both, and rarely is it this command alone that is
   * wanted.
   */
  revoke<const Options extends ControlOptions>(
    taskIds: string | readonly string[],
    options?: Options & TerminateOptions,
  ): Promise<Replied<Options>> {
    return this.#tell('revoke', { task_id: taskIds, ...terminateArguments(options) }, options);
  }

  /** As `revoke`, and ends them where they run. */
  terminate<const Options extends ControlOptions>(
    taskIds: string | readonly string[],
    options?: Options & Pick<TerminateOptions, 'terminateSignal'>,
  ): Promise<Replied<Options>> {
    return this.#tell('revoke', { task_id: taskIds, ...terminateArguments({ ...options, terminate: true }) }, options);
  }

  /** As `revoke`, of all calls with one of these values in a stamped header. */
  revokeByStampedHeaders<const Options extends ControlOptions>(
    headers: StampedHeaders,
    options?: Options & TerminateOptions,
  ): Promise<Replied<Options>> {
    return this.#tell('revoke_by_stamped_headers', { headers, ...terminateArguments(options) }, options);
  }

  /** How often workers begin a task, each by itself: `10/m`, runs a second, or 0 for as often as they can. */
  rateLimit<const Options extends ControlOptions>(
    taskName: string,
    rateLimit: RateLimit,
    options?: Options,
  ): Promise<Replied<Options>> {
    return this.#tell('rate_limit', { task_name: taskName, rate_limit: rateLimit }, options);
  }

  /** How long a task may run, in seconds; what is left out has no limit any more. */
  timeLimit<const Options extends ControlOptions>(
    taskName: string,
    { soft, hard }: { readonly soft?: number; readonly hard?: number },
    options?: Options,
  ): Promise<Replied<Options>> {
    return this.#tell('time_limit', { task_name: taskName, hard: hard ?? null, soft: soft ?? null }, options);
  }

  /** Consume from another queue. */
  addConsumer<const Options extends ControlOptions>(
    queue: string,
    { exchange, exchangeType = 'direct', routingKey, options: more }: AddConsumerOptions = {},
    options?: Options,
  ): Promise<Replied<Options>> {
    const args = { exchange: exchange ?? null, exchange_type: exchangeType, routing_key: routingKey ?? null };
    return this.#tell('add_consumer', { queue, ...args, ...more }, options);
  }

  /** Consume from a queue no longer. */
  cancelConsumer<const Options extends ControlOptions>(queue: string, options?: Options): Promise<Replied<Options>> {
    return this.#tell('cancel_consumer', { queue }, options);
  }

  /** Tell monitors of tasks. */
  enableEvents<const Options extends ControlOptions>(options?: Options): Promise<Replied<Options>> {
    return this.#tell('enable_events', {}, options);
  }

  disableEvents<const Options extends ControlOptions>(options?: Options): Promise<Replied<Options>> {
    return this.#tell('disable_events', {}, options);
  }

  /** Tell monitors at once that they are there. */
  heartbeat<const Options extends ControlOptions>(options?: Options): Promise<Replied<Options>> {
    return this.#tell('heartbeat', {}, options);
  }

  /** So many slots more. */
  poolGrow<const Options extends ControlOptions>(n = 1, options?: Options): Promise<Replied<Options>> {
    return this.#tell('pool_grow', { n }, options);
  }

  poolShrink<const Options extends ControlOptions>(n = 1, options?: Options): Promise<Replied<Options>> {
    return this.#tell('pool_shrink', { n }, options);
  }

  /** Other threads and processes in place of those that there are; with `workerPoolRestarts` only. */
  poolRestart<const Options extends ControlOptions>(
    { modules, reload = false }: PoolRestartOptions = {},
    options?: Options,
  ): Promise<Replied<Options>> {
    return this.#tell('pool_restart', { modules: modules ?? null, reload, reloader: null }, options);
  }

  /** Other limits of workers that scale by themselves. */
  autoscale<const Options extends ControlOptions>(
    max: number,
    min: number,
    options?: Options,
  ): Promise<Replied<Options>> {
    return this.#tell('autoscale', { max, min }, options);
  }

  /** End, warmly. Nobody answers. */
  async shutdown(target: ControlTarget = {}): Promise<void> {
    await this.broadcast('shutdown', {}, target);
  }

  /** Has one of the workers do something: they agree on which. Never with a single worker of Python: it ends by it. Nobody answers. */
  async election(id: string, topic: string, action: unknown = null, target: ControlTarget = {}): Promise<void> {
    await this.broadcast('election', { id, topic, action }, target);
  }

  async #tell<Options extends ControlOptions>(
    command: string,
    args: Given,
    options: Options | undefined,
  ): Promise<Replied<Options>> {
    const { reply = false, ...more }: ControlOptions = options ?? {};
    if (reply) return (await this.#channel.askByNode({ command, args }, more, okValue)) as Replied<Options>;
    await this.#channel.send({ command, args }, more);
    return undefined as Replied<Options>;
  }
}

function terminateArguments({ terminate = false, terminateSignal = 'SIGTERM' }: TerminateOptions = {}): Given {
  return { terminate, signal: terminateSignal };
}

function nameOf(command: string | { readonly name: string }): string {
  return typeof command === 'string' ? command : command.name;
}
