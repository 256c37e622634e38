import type { ContentCodec, Message } from '@ctq/messaging';
import { InvalidTaskMessageError, UnknownMessageError } from '../errors/task-errors.js';
import { argsRepr, kwargsRepr } from './args-repr.js';
import { readTicket, uniqueHeader, type UniqueTicket } from '../unique/unique-ticket.js';
import { isMapping, type Mapping, TaskFields } from './task-fields.js';
import type { TaskMessage } from './task-message.js';
import { localToAware } from './wire-time.js';

/**
 * A task message of either protocol in one shape. As tolerant as a Python worker: `task` and `id` are enough (SPEC 1.9).
 * @throws UnknownMessageError when it is no task message at all.
 * @throws InvalidTaskMessageError when it is one that cannot be run: no id, a body of the wrong shape, unreadable times.
 * @throws DecodeError, ContentNotAcceptedError, BodyTooLargeError from the codec.
 */
export function decodeTask(message: Message, content: ContentCodec): TaskMessage {
  const body = content.decode(message);
  if (Object.hasOwn(message.headers, 'task')) {
    if (Array.isArray(body)) return decodeVersion2(message, body);
    if (isMapping(body) && Object.hasOwn(body, 'args')) return decodeHybrid(message, body);
    throw new InvalidTaskMessageError('The body of a task message has to be [args, kwargs, embed].');
  }
  if (isMapping(body) && Object.hasOwn(body, 'task')) return decodeVersion1(message, body);
  throw new UnknownMessageError(
    'The message has neither a task header (protocol 2) nor a body with a task (protocol 1).',
  );
}

function decodeVersion2(message: Message, body: readonly unknown[]): TaskMessage {
  if (body.length !== 3) {
    throw new InvalidTaskMessageError(
      `The body of a task message has to be [args, kwargs, embed], not ${body.length} elements.`,
    );
  }
  const headers = new TaskFields(message.headers, 'header');
  const embed = new TaskFields(body[2] ?? {}, 'embed');
  return {
    id: headers.id('id'),
    task: headers.taskName('task'),
    args: readArgs(body[0]),
    kwargs: readKwargs(body[1]),
    lang: headers.text('lang') ?? 'py',
    shadow: headers.text('shadow'),
    eta: headers.time('eta'),
    expires: headers.time('expires'),
    group: headers.idOrNull('group'),
    groupIndex: headers.number('group_index'),
    retries: headers.number('retries') ?? 0,
    timeLimit: headers.limit(0),
    softTimeLimit: headers.limit(1),
    rootId: headers.idOrNull('root_id'),
    parentId: headers.idOrNull('parent_id'),
    argsRepr: headers.text('argsrepr') ?? '',
    kwargsRepr: headers.text('kwargsrepr') ?? '',
    origin: headers.text('origin'),
    ignoreResult: headers.flag('ignore_result'),
    replacedTaskNesting: headers.number('replaced_task_nesting') ?? 0,
    stampedHeaders: headers.names('stamped_headers'),
    stamps: headers.mapping('stamps'),
    headers: customHeaders(message.headers),
    callbacks: embed.signatures('callbacks'),
    errbacks: embed.signatures('errbacks'),
    chain: embed.signatures('chain'),
    chord: embed.chord('chord'),
    replyTo: message.properties.replyTo ?? null,
    ...ticketIn(message.headers),
  };
}

/** Headers of protocol 2 with a body of protocol 1: the headers win (celery 5.6 worker/strategy.py, hybrid_to_proto2). */
function decodeHybrid(message: Message, body: Mapping): TaskMessage {
  const { args, kwargs, callbacks, errbacks, chord, ...rest } = body;
  const asVersion2 = [args ?? [], kwargs ?? {}, { callbacks, errbacks, chord, chain: null }];
  return {
    ...decodeVersion2({ ...message, headers: { ...awareTimes(rest), ...message.headers } }, asVersion2),
    headers: customHeaders(message.headers),
  };
}

/** celery 5.6 worker/strategy.py, proto1_to_proto2: `taskset` is the group, and there is no chain. */
function decodeVersion1(message: Message, body: Mapping): TaskMessage {
  const fields = new TaskFields(awareTimes(body), 'body');
  const args = readArgs(body.args ?? []);
  const kwargs = readKwargs(body.kwargs ?? {});
  return {
    id: fields.id('id'),
    task: fields.taskName('task'),
    args,
    kwargs,
    lang: 'py',
    shadow: null,
    eta: fields.time('eta'),
    expires: fields.time('expires'),
    group: fields.idOrNull(Object.hasOwn(body, 'taskset') ? 'taskset' : 'group'),
    groupIndex: fields.number('group_index'),
    retries: fields.number('retries') ?? 0,
    timeLimit: fields.limit(0),
    softTimeLimit: fields.limit(1),
    rootId: null,
    parentId: null,
    argsRepr: argsRepr(args),
    kwargsRepr: kwargsRepr(kwargs),
    origin: null,
    ignoreResult: null,
    replacedTaskNesting: 0,
    stampedHeaders: null,
    stamps: {},
    headers: customHeaders(message.headers),
    callbacks: fields.signatures('callbacks'),
    errbacks: fields.signatures('errbacks'),
    chain: null,
    chord: fields.chord('chord'),
    replyTo: message.properties.replyTo ?? null,
    ...ticketIn(message.headers),
  };
}

/** Protocol 1 says with `utc: false` that its naive times are local ones. */
function awareTimes(body: Mapping): Mapping {
  if (body.utc !== false) return body;
  return { ...body, eta: localToAware(body.eta), expires: localToAware(body.expires) };
}

function readArgs(args: unknown): readonly unknown[] {
  if (Array.isArray(args)) return args;
  // Python unpacks whatever can be iterated: of a dict, its keys.
  if (isMapping(args)) return Object.keys(args);
  throw new InvalidTaskMessageError('The positional arguments of a task message have to be a list.');
}

function readKwargs(kwargs: unknown): Mapping {
  if (isMapping(kwargs)) return kwargs;
  throw new InvalidTaskMessageError('The keyword arguments of a task message have to be an object.');
}

/** celery 5.6 app/amqp.py, as_task_v2, in its order. */
const protocolHeaders: readonly string[] = [
  ...['lang', 'task', 'id', 'shadow', 'eta', 'expires', 'group', 'group_index', 'retries', 'timelimit', 'root_id'],
  ...['parent_id', 'argsrepr', 'kwargsrepr', 'origin', 'ignore_result', 'replaced_task_nesting', 'stamped_headers'],
  'stamps',
];

/** What is not the caller's: the protocol's, and what transports add on the way. */
const knownHeaders: ReadonlySet<string> = new Set([...protocolHeaders, 'compression', 'redelivered', uniqueHeader]);

function ticketIn(headers: Mapping): { readonly unique: UniqueTicket } | undefined {
  const given = headers[uniqueHeader];
  const unique = given === undefined ? undefined : readTicket(given);
  return unique === undefined ? undefined : { unique };
}

const none: Mapping = Object.freeze({});

/** The caller's own. `x-death` and its kind are the broker's, and a retry must not repeat them (celery 5.6.3 app/task.py). */
function customHeaders(headers: Mapping): Mapping {
  // Nearly every message begins with all of the protocol's, in their order.
  let known = 0;
  let custom: Record<string, unknown> | undefined;
  for (const name in headers) {
    if (name === protocolHeaders[known]) known += 1;
    else if (Object.hasOwn(headers, name) && !knownHeaders.has(name) && !isBrokerHeader(name)) {
      custom ??= {};
      custom[name] = headers[name];
    }
  }
  return custom ?? none;
}

function isBrokerHeader(name: string): boolean {
  return name.startsWith('x-') && /^x-(?:death|first-death|last-death|delivery-count|acquired-count)/.test(name);
}
