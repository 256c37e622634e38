import type { NodeReply } from '@ctq/messaging';
import type { Style } from './style.js';

export interface ReplyLook {
  readonly style: Style;
  /** Without the arrow. */
  readonly isQuiet: boolean;
  /** What was answered; without it only whether the node could. */
  readonly hasBody: boolean;
}

/** A reply as Celery prints it: `->  w1@host: OK`, and below what it says (celery 5.6 bin/control.py, _say_remote_command_reply). */
export function replyText({ node, value }: NodeReply, { style, isQuiet, hasBody }: ReplyLook): string {
  const { isOk, text } = shown(value, style);
  const arrow = isQuiet ? '' : `${style.bold('->')} `;
  const status = isOk ? style.bold(style.green('OK')) : style.bold(style.red('ERROR'));
  const title = `${arrow} ${style.bold(style.cyan(`${node}: `))}${status}`;
  return hasBody && text !== '' ? `${title}\n${indented(text)}` : title;
}

/** `1 node online.` */
export function onlineText(count: number): string {
  return `\n${count} ${count === 1 ? 'node' : 'nodes'} online.`;
}

/** By node, of two replies the later one. */
export function repliesObject(replies: readonly NodeReply[]): string {
  return jsonText(Object.fromEntries(replies.map(({ node, value }) => [node, value])));
}

/** In the order in which they came. */
export function repliesList(replies: readonly NodeReply[]): string {
  return jsonText(replies.map(({ node, value }) => ({ [node]: value })));
}

interface Shown {
  readonly isOk: boolean;
  readonly text: string;
}

/** celery 5.6 bin/base.py, CLIContext.pretty; values are written as JSON in place of Python. */
function shown(value: unknown, style: Style): Shown {
  if (Array.isArray(value)) return { isOk: true, text: listText(value, style) };
  if (!isRecord(value)) return { isOk: true, text: plainText(value) };
  if ('ok' in value) return { isOk: true, text: indented(shown(value['ok'], style).text) };
  if ('error' in value) return { isOk: false, text: indented(shown(value['error'], style).text) };
  return { isOk: true, text: jsonText(sorted(value), 4) };
}

function listText(items: readonly unknown[], style: Style): string {
  if (items.length === 0) return '- empty -';
  return items.map((item) => `${style.bold('*')} ${plainText(item)}`).join('\n');
}

function plainText(value: unknown): string {
  return typeof value === 'string' ? value : jsonText(value);
}

/** Integers that JSON numbers cannot hold are texts. */
function jsonText(value: unknown, indent?: number): string {
  return JSON.stringify(value, (_, one: unknown) => (typeof one === 'bigint' ? String(one) : one), indent) ?? 'null';
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isRecord(value)) return value;
  const keys = Object.keys(value).sort();
  return Object.fromEntries(keys.map((key) => [key, sorted(value[key])]));
}

/** Not a date, nor anything else that is written in a way of its own. */
function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** Lines that are not empty. */
function indented(text: string): string {
  return text.replaceAll(/^(?=.)/gm, '    ');
}
