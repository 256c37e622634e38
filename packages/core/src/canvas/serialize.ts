import { InvalidTaskMessageError } from '../errors/task-errors.js';
import { decodeOptions, encodeOptions } from './wire-options.js';
import type { SerializedSignature } from './serialized-signature.js';
import type { GroupNode, SignatureNode } from './signature-node.js';

/** A node in the form that travels (celery 5.6 canvas.py, Signature and its subclasses). */
export function serializeNode(node: SignatureNode): SerializedSignature {
  const options = encodeOptions(node.options);
  const { immutable } = node;
  switch (node.kind) {
    case 'task':
      return { task: node.task, args: node.args, kwargs: node.kwargs, options, subtask_type: null, immutable };
    case 'chain':
      return wrap('celery.chain', 'chain', { tasks: node.links.map(serializeNode) }, options, immutable);
    case 'group':
      return wrap('celery.group', 'group', { tasks: node.members.map(serializeNode) }, options, immutable);
    case 'chord':
      return wrap(
        'celery.chord',
        'chord',
        { kwargs: {}, header: serializeNode(node.header), body: serializeNode(node.body) },
        options,
        immutable,
      );
  }
}

function wrap(
  task: string,
  type: string,
  kwargs: Record<string, unknown>,
  options: Record<string, unknown>,
  immutable: boolean,
): SerializedSignature {
  return { task, args: [], kwargs, options, subtask_type: type, immutable };
}

/**
 * Reads a signature of any sender.
 * @throws InvalidTaskMessageError when it is none.
 */
export function parseNode(value: unknown): SignatureNode {
  if (!isRecord(value) || typeof value['task'] !== 'string') {
    throw new InvalidTaskMessageError(
      'A continuation in the message is not a signature: it needs at least the members task, args, kwargs and options.',
    );
  }
  const kwargs = isRecord(value['kwargs']) ? value['kwargs'] : {};
  const options = decodeOptions(isRecord(value['options']) ? value['options'] : {});
  const immutable = value['immutable'] === true;
  switch (value['subtask_type'] ?? typeOfBuiltin(value['task'])) {
    case 'chain':
      return { kind: 'chain', links: parseList(kwargs['tasks']), options, immutable };
    case 'group':
      return { kind: 'group', members: parseList(kwargs['tasks']), options, immutable };
    case 'chord':
      return {
        kind: 'chord',
        header: parseHeader(kwargs['header']),
        body: parseNode(kwargs['body']),
        options,
        immutable,
      };
    default:
      return {
        kind: 'task',
        task: value['task'],
        args: Array.isArray(value['args']) ? value['args'] : [],
        kwargs,
        options,
        immutable,
      };
  }
}

/** A sender may leave subtask_type out (SPEC 1.9). */
function typeOfBuiltin(task: string): string | undefined {
  return { 'celery.chain': 'chain', 'celery.group': 'group', 'celery.chord': 'chord' }[task];
}

/** A chord's header is a group, or a bare list of signatures. */
function parseHeader(value: unknown): GroupNode {
  if (Array.isArray(value)) return { kind: 'group', members: value.map(parseNode), options: {}, immutable: false };
  const node = parseNode(value);
  return node.kind === 'group' ? node : { kind: 'group', members: [node], options: {}, immutable: false };
}

function parseList(value: unknown): readonly SignatureNode[] {
  if (!Array.isArray(value)) throw new InvalidTaskMessageError('A chain or group in the message has no list of tasks.');
  return value.map(parseNode);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
