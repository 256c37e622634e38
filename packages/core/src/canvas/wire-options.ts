import { isQueue } from '../config/queue-setting.js';
import type { OwnProperties } from '../sending/call-options.js';
import { type ChordJoin, decodeJoin, encodeJoin, joinedByOption, joinOption } from './chord-join.js';
import type { NodeOptions } from './signature-node.js';

/** Option names in a signature on the wire (celery 5.6 app/task.py, apply_async) and ours. */
const names = [
  ['task_id', 'taskId'],
  ['reply_to', 'replyTo'],
  ['root_id', 'rootId'],
  ['parent_id', 'parentId'],
  ['group_id', 'groupId'],
  ['group_index', 'groupIndex'],
  ['chord', 'chord'],
  ['chain', 'chain'],
  ['link', 'link'],
  ['link_error', 'linkError'],
  ['queue', 'queue'],
  ['exchange', 'exchange'],
  ['exchange_type', 'exchangeType'],
  ['routing_key', 'routingKey'],
  ['mandatory', 'mandatory'],
  ['priority', 'priority'],
  ['countdown', 'countdown'],
  ['eta', 'eta'],
  ['expires', 'expires'],
  ['serializer', 'serializer'],
  ['compression', 'compression'],
  ['delivery_mode', 'deliveryMode'],
  ['expiration', 'expiration'],
  ['headers', 'headers'],
  ['shadow', 'shadow'],
  ['ignore_result', 'ignoreResult'],
  ['time_limit', 'timeLimit'],
  ['soft_time_limit', 'softTimeLimit'],
  ['argsrepr', 'argsRepr'],
  ['kwargsrepr', 'kwargsRepr'],
  ['retry', 'retry'],
  ['retries', 'retries'],
  ['replaced_task_nesting', 'replacedTaskNesting'],
  // Ours: Python sends such a step as any other.
  ['ctq_unique', 'unique'],
  [joinOption, 'join'],
  [joinedByOption, 'joinedBy'],
] as const satisfies readonly (readonly [string, keyof NodeOptions])[];

/** Those that are properties of the message, each an option of its own in Celery. */
const propertyNames = [
  ['message_id', 'messageId'],
  ['type', 'type'],
  ['app_id', 'appId'],
  ['user_id', 'userId'],
  ['cluster_id', 'clusterId'],
] as const satisfies readonly (readonly [string, keyof OwnProperties])[];

const toOurs: ReadonlyMap<string, keyof NodeOptions> = new Map(names);
const listOptions: ReadonlySet<string> = new Set(['link', 'link_error']);
const timeOptions: ReadonlySet<string> = new Set(['eta', 'expires']);
const joinOptions: ReadonlySet<string> = new Set([joinOption, joinedByOption]);

/** Whether an option stands under this name on the wire, so that nothing else can. */
export function isOptionName(name: string): boolean {
  return toOurs.has(name) || name === 'stamped_headers';
}

export function encodeOptions(options: NodeOptions): Record<string, unknown> {
  const encoded: Record<string, unknown> = {};
  for (const [wire, ours] of names) {
    const value = options[ours];
    if (value !== undefined && value !== null) encoded[wire] = encodeOption(wire, value);
  }
  for (const [wire, ours] of propertyNames) {
    const value = options.properties?.[ours];
    if (value !== undefined) encoded[wire] = value;
  }
  if (options.stampedHeaders !== undefined) {
    encoded['stamped_headers'] = options.stampedHeaders;
    for (const header of options.stampedHeaders) encoded[header] = options.stamps?.[header];
  }
  return { ...options.extra, ...encoded };
}

/** A queue travels by its name. */
function encodeOption(name: string, value: unknown): unknown {
  if (joinOptions.has(name)) return encodeJoin(value as ChordJoin);
  return isQueue(value) ? value.name : value;
}

export function decodeOptions(options: Readonly<Record<string, unknown>>): NodeOptions {
  const known: Record<string, unknown> = {};
  const extra: Record<string, unknown> = {};
  const stamped = stampedHeadersOf(options['stamped_headers']);
  const stamps: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(options)) {
    const ours = toOurs.get(name);
    if (stamped.includes(name)) stamps[name] = value;
    else if (ours !== undefined) {
      if (value !== null) known[ours] = decodeOption(name, value);
    } else if (name !== 'stamped_headers') extra[name] = value;
  }
  if (stamped.length > 0) Object.assign(known, { stampedHeaders: stamped, stamps });
  if (Object.keys(extra).length > 0) known['extra'] = extra;
  return known;
}

/** A single continuation may stand without its list; instants may come as ISO text or as decoded dates. */
function decodeOption(name: string, value: unknown): unknown {
  if (listOptions.has(name)) return Array.isArray(value) ? value : [value];
  if (joinOptions.has(name)) return decodeJoin(value);
  if (timeOptions.has(name) && typeof value === 'string') return new Date(value);
  return value;
}

function stampedHeadersOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((header) => typeof header === 'string') : [];
}
