import { durationMs, type Duration } from '@ctq/runtime';
import type { Message } from '@ctq/messaging';
import type { Kernel } from '../app/kernel.js';
import { parentPlace } from '../execute/inheritance.js';
import { argsRepr, kwargsRepr } from '../protocol/args-repr.js';
import { encodeTaskVersion1 } from '../protocol/encode-task-v1.js';
import { encodeTask } from '../protocol/encode-task.js';
import type { TaskMessage } from '../protocol/task-message.js';
import { formatWireTime } from '../protocol/wire-time.js';
import type { Routed } from '../routing/router.js';
import type { CallOptions, Linkable } from './call-options.js';
import type { SendRequest } from './task-sender.js';

/** A call, and the message that says it. */
export interface BuiltMessage {
  readonly task: TaskMessage;
  readonly message: Message;
  /** Its ETA, in milliseconds since the epoch. */
  readonly dueAt: number | undefined;
}

/** The message of a call: its own options over the task's, those over the route's, settings below all. */
export function buildMessage(
  kernel: Kernel,
  request: SendRequest,
  { route, destination }: Routed,
  origin: string,
): BuiltMessage {
  const { settings } = kernel;
  checkArguments(request);
  // One instant: what is so long from now is exactly so long from now.
  const now = kernel.clock.now();
  const { options, placement, taskOptions } = request;
  const isPlaced = placement.rootId != null && placement.parentId != null;
  const parent = isPlaced ? undefined : parentPlace(kernel);
  const inherited = request.inherited ?? parent?.inherited;
  const own = options.headers ?? route.headers;
  const stamps = request.stamps ?? options.stamps;
  const stampedHeaders =
    request.stampedHeaders ?? (stamps === undefined ? inherited?.stampedHeaders : Object.keys(stamps));
  const eta = etaOf(options, now);
  const expiresAt = expiresAtOf(options.expires ?? taskOptions?.expires, now);
  if (expiresAt !== undefined && expiresAt < now) {
    kernel.logger.warn(
      { data: { id: request.id, name: request.task } },
      `Task ${request.task}[${request.id}] was sent with an expiry that is ${(now - expiresAt) / 1_000}s ago: it expires at once`,
    );
  }
  const hard = options.timeLimit === undefined ? taskOptions?.timeLimit : options.timeLimit;
  const soft = options.softTimeLimit === undefined ? taskOptions?.softTimeLimit : options.softTimeLimit;
  const task: TaskMessage = {
    id: request.id,
    task: request.task,
    args: request.args,
    kwargs: request.kwargs,
    lang: 'js',
    shadow: options.shadow ?? taskOptions?.shadowName?.(request.args, request.kwargs, options) ?? null,
    eta: eta === undefined ? null : formatWireTime(eta),
    expires: expiresAt === undefined ? null : formatWireTime(expiresAt),
    group: placement.groupId ?? null,
    groupIndex: placement.groupIndex ?? null,
    retries: placement.retries ?? 0,
    timeLimit: seconds(hard),
    softTimeLimit: seconds(soft),
    rootId: placement.rootId ?? parent?.rootId ?? request.id,
    parentId: placement.parentId ?? parent?.parentId ?? null,
    argsRepr: options.argsRepr ?? argsRepr(request.args),
    kwargsRepr: options.kwargsRepr ?? kwargsRepr(request.kwargs),
    origin: request.origin ?? origin,
    ignoreResult: options.ignoreResult ?? taskOptions?.ignoreResult ?? settings.taskIgnoreResult,
    replacedTaskNesting: placement.replacedTaskNesting ?? 0,
    stampedHeaders: stampedHeaders ?? null,
    stamps: stamps ?? (stampedHeaders == null ? {} : pick(inherited?.stamps, stampedHeaders)),
    headers: inherited?.headers === undefined ? (own ?? {}) : { ...inherited.headers, ...own },
    callbacks: linkList(options.link),
    errbacks: linkList(options.linkError),
    chain: placement.chain ?? null,
    chord: placement.chord ?? null,
    replyTo: options.replyTo ?? kernel.sender.replyTo,
    ...(request.unique === undefined ? noOptions : { unique: request.unique }),
  };
  const serializer = options.serializer ?? taskOptions?.serializer ?? route.serializer ?? settings.taskSerializer;
  const compression = options.compression ?? taskOptions?.compression ?? route.compression ?? settings.taskCompression;
  const encode = settings.taskProtocol === 1 ? encodeTaskVersion1 : encodeTask;
  const message = encode(task, {
    content: kernel.content,
    serializer,
    ...(compression === undefined ? noOptions : { compression }),
    ...(expiresAt === undefined ? noOptions : { expirationMs: expiresAt - now }),
    properties: {
      ...options.properties,
      ...(options.expiration === undefined ? noOptions : { expiration: String(durationMs(options.expiration)) }),
      deliveryMode:
        options.deliveryMode ??
        taskOptions?.deliveryMode ??
        route.deliveryMode ??
        destination.deliveryMode ??
        settings.taskDefaultDeliveryMode,
      priority:
        options.priority ??
        taskOptions?.priority ??
        route.priority ??
        inherited?.priority ??
        settings.taskDefaultPriority ??
        0,
      ...(request.extra === undefined ? noOptions : { extra: request.extra }),
    },
  });
  return { task, message, dueAt: eta?.getTime() };
}

const noOptions = {};

/** A countdown of 0 is no countdown (celery 5.6 app/amqp.py, as_task_v2: `if countdown:`). */
function etaOf(options: CallOptions, now: number): Date | undefined {
  if (options.eta !== undefined) return options.eta;
  const ms = options.countdown === undefined ? 0 : inRange(durationMs(options.countdown), 'countdown');
  return ms === 0 ? undefined : new Date(now + ms);
}

function expiresAtOf(expires: Duration | Date | undefined, now: number): number | undefined {
  if (expires === undefined) return undefined;
  return expires instanceof Date ? expires.getTime() : now + inRange(durationMs(expires), 'expires');
}

/** Celery 5.6 app/amqp.py, _verify_seconds. */
function inRange(ms: number, what: string): number {
  if (ms < -2_147_483_648_000) throw new RangeError(`${what} is out of range: ${ms / 1_000} seconds`);
  return ms;
}

/** For callers without a compiler: a receiver could not run the message. */
function checkArguments({ task, args, kwargs }: SendRequest): void {
  if (!Array.isArray(args)) throw new TypeError(`The arguments of ${task} have to be a list.`);
  if (typeof kwargs !== 'object' || kwargs === null || Array.isArray(kwargs))
    throw new TypeError(`The keyword arguments of ${task} have to be an object.`);
}

function seconds(limit: Duration | null | undefined): number | null {
  return limit === undefined || limit === null ? null : durationMs(limit) / 1_000;
}

function pick(from: Readonly<Record<string, unknown>> = {}, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(names.map((name) => [name, from[name]]));
}

function linkList(links: Linkable | readonly Linkable[] | undefined): TaskMessage['callbacks'] {
  if (links === undefined) return null;
  const list = 'serialize' in links ? [links] : links;
  return list.length === 0 ? null : list.map((link) => link.serialize());
}
