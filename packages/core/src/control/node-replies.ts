import type { NodeReply } from '@ctq/messaging';
import { toError } from '@ctq/runtime';
import { isRecord } from './replies/reply-fields.js';

/** What nodes have answered, by their names. Those that answered with an error are not in it, but in `errors`. */
export interface NodeReplies<Value> extends ReadonlyMap<string, Value> {
  /** What they said, by name: what the command has thrown there, that it is not known, that it cannot be carried out. */
  readonly errors: ReadonlyMap<string, string>;
}

/** The answer of a worker that could not do what it was asked for (celery 5.6 worker/control.py, nok). */
export interface CommandError {
  readonly error: string;
}

export function isCommandError(value: unknown): value is CommandError {
  return isRecord(value) && typeof value['error'] === 'string' && Object.keys(value).length === 1;
}

/** Replies by node; of two with the same name the later one. @param read what it throws is an error of that node */
export function repliesByNode<Value>(
  replies: readonly NodeReply[],
  read: (value: unknown) => Value,
): NodeReplies<Value> {
  const byNode = new RepliesByNode<Value>();
  for (const { node, value } of replies) byNode.take(node, value, read);
  return byNode;
}

/** Names that have answered more than once (celery 5.6 app/control.py, flatten_reply). */
export function duplicateNodes(replies: readonly NodeReply[]): readonly string[] {
  const names = replies.map(({ node }) => node);
  return [...new Set(names.filter((node, index) => names.indexOf(node) !== index))].sort();
}

/** What is in `{ ok: … }`; anything else is as it is. */
export function okValue(value: unknown): unknown {
  return isRecord(value) && 'ok' in value ? value['ok'] : value;
}

class RepliesByNode<Value> extends Map<string, Value> implements NodeReplies<Value> {
  readonly errors = new Map<string, string>();

  take(node: string, value: unknown, read: (value: unknown) => Value): void {
    this.delete(node);
    this.errors.delete(node);
    if (isCommandError(value)) {
      this.errors.set(node, value.error);
      return;
    }
    try {
      this.set(node, read(value));
    } catch (error) {
      this.errors.set(node, `The reply cannot be read: ${toError(error).message}`);
    }
  }
}
