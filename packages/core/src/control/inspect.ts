import { matchesNode, nodeMatchers } from '@ctq/messaging';
import type { AskOptions, ControlChannel } from './control-channel.js';
import { type NodeReplies, okValue } from './node-replies.js';
import { type ActiveQueue, readActiveQueue } from './replies/active-queue.js';
import { type MingleReply, readMingleReply } from './replies/mingle-reply.js';
import { listOf, ReplyFields, textOf } from './replies/reply-fields.js';
import {
  type FoundTask,
  readFoundTasks,
  readScheduledTask,
  readTaskInfo,
  type ScheduledTask,
  type TaskInfo,
} from './replies/task-info.js';
import { readWorkerStats, type WorkerStats } from './replies/worker-stats.js';

export interface ObjectGraphOptions {
  /** Of which type of objects. Default `Request`. */
  readonly type?: string;
  /** How many. Default 200. */
  readonly count?: number;
  /** Default 10. */
  readonly maxDepth?: number;
}

/**
 * Questions to workers, those of Python too; each method resolves with what the nodes have answered, by their names, and with an empty map where nobody has
 * (celery 5.6 app/control.py, Inspect).
 */
export class Inspect {
  readonly #channel: ControlChannel;
  readonly #options: AskOptions;

  constructor(channel: ControlChannel, options: AskOptions) {
    this.#channel = channel;
    this.#options = options;
  }

  /** Tasks that run. @param isSafe arguments as the texts that their senders wrote of them, not read */
  active(isSafe?: boolean): Promise<NodeReplies<readonly TaskInfo[]>> {
    return this.#ask('active', { safe: isSafe ?? null }, (value) => listOf(value, readTaskInfo));
  }

  /** Tasks that wait in workers for their time. */
  scheduled(): Promise<NodeReplies<readonly ScheduledTask[]>> {
    return this.#ask('scheduled', {}, (value) => listOf(value, readScheduledTask));
  }

  /** Tasks that workers have and that have not begun. */
  reserved(): Promise<NodeReplies<readonly TaskInfo[]>> {
    return this.#ask('reserved', {}, (value) => listOf(value, readTaskInfo));
  }

  /** Ids of tasks that are not to be run. */
  revoked(): Promise<NodeReplies<readonly string[]>> {
    return this.#ask('revoked', {}, (value) => listOf(value, textOf));
  }

  /** Names of tasks, each with the attributes that are asked for: `add [rate_limit=10/m]`. */
  registered(...attributes: readonly string[]): Promise<NodeReplies<readonly string[]>> {
    return this.#ask('registered', { taskinfoitems: attributes }, (value) => listOf(value, textOf));
  }

  /** Where tasks are: by node, by id. Those that a node does not have are not in its reply. */
  queryTask(...ids: readonly string[]): Promise<NodeReplies<ReadonlyMap<string, FoundTask>>> {
    return this.#ask('query_task', { ids }, readFoundTasks);
  }

  stats(): Promise<NodeReplies<WorkerStats>> {
    return this.#ask('stats', {}, readWorkerStats);
  }

  /** The queues that they consume from. */
  activeQueues(): Promise<NodeReplies<readonly ActiveQueue[]>> {
    return this.#ask('active_queues', {}, (value) => listOf(value, readActiveQueue));
  }

  /** Settings by Celery's names, without passwords. @param withDefaults those that were not given as well */
  conf(withDefaults = false): Promise<NodeReplies<Readonly<Record<string, unknown>>>> {
    return this.#ask('conf', { with_defaults: withDefaults }, (value) => new ReplyFields(value, 'The reply').all);
  }

  /** What a bug report needs. */
  report(): Promise<NodeReplies<string>> {
    return this.#ask('report', {}, (value) => textOf(okValue(value)));
  }

  /** `pong`. @param destination in place of that of the options */
  ping(destination: readonly string[] | undefined = this.#options.destination): Promise<NodeReplies<string>> {
    return this.#ask('ping', {}, (value) => textOf(okValue(value)), { ...this.#options, destination });
  }

  /** Logical clocks. */
  clock(): Promise<NodeReplies<number>> {
    return this.#ask('clock', {}, (value) => new ReplyFields(value, 'The reply').number('clock') ?? 0);
  }

  /** What a worker asks others that comes. @param revoked ids of what it knows to be revoked, and when, in seconds */
  hello(
    fromNode: string,
    revoked: Readonly<Record<string, number>> = {},
  ): Promise<NodeReplies<MingleReply | undefined>> {
    return this.#ask('hello', { from_node: fromNode, revoked }, readMingleReply);
  }

  /** Memory in use, `73.398MB`; null where it cannot be told. */
  memsample(): Promise<NodeReplies<string | null>> {
    return this.#ask('memsample', {}, (value) => (value === null ? null : textOf(value)));
  }

  /** The samples that were taken so far, as lines. */
  memdump(samples = 10): Promise<NodeReplies<string | null>> {
    return this.#ask('memdump', { samples }, (value) => (value === null ? null : textOf(value)));
  }

  /** Has pictures of objects and who refers to them drawn; the names of the files. Give it time: `timeout`. */
  objgraph({ type = 'Request', count = 200, maxDepth = 10 }: ObjectGraphOptions = {}): Promise<NodeReplies<string>> {
    const args = { num: count, max_depth: maxDepth, type };
    return this.#ask('objgraph', args, (value) => new ReplyFields(value, 'The reply').requiredText('filename'));
  }

  async #ask<Value>(
    command: string,
    args: Readonly<Record<string, unknown>>,
    read: (value: unknown) => Value,
    options: AskOptions = this.#options,
  ): Promise<NodeReplies<Value>> {
    return await this.#channel.askByNode({ command, args }, options, read, isMeant(options));
  }
}

/** Whose reply counts: there are nodes that take no notice of patterns. */
function isMeant({ destination = [], pattern, matcher = 'glob' }: AskOptions): (node: string) => boolean {
  const isKnown = Object.hasOwn(nodeMatchers, matcher);
  if (pattern === undefined || destination.length > 0 || !isKnown) return () => true;
  return (node) => matchesNode(node, pattern, matcher);
}
