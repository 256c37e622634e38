import { InvalidTaskMessageError } from '../errors/task-errors.js';
import { builtinNames } from './builtin-names.js';
import { receivedChord, travellingChord } from './chord-place.js';
import { isChunkSize } from './chunks.js';
import { subtaskTypeOf } from './mapped.js';
import { decodeOptions, encodeOptions } from './wire-options.js';
import { linkedBody, withSharedLinks } from './with-links.js';
import type { SerializedSignature } from './serialized-signature.js';
import type { ChainNode, ChunksNode, GroupNode, NodeOptions, SignatureNode } from './signature-node.js';

/**
 * A node in the form that travels (celery 5.6 canvas.py, Signature and its subclasses). What is linked to a group or chord stands in its members: Celery refuses a group with links, and a chord gives
 * its own to the header as to a group (canvas.py, group.apply_async and _chord.run).
 */
export function serializeNode(whole: SignatureNode): SerializedSignature {
  const node = withLinksInPlace(whole);
  const options = encodeOptions(node.options);
  const { immutable } = node;
  switch (node.kind) {
    case 'task':
      return {
        ...{ task: node.task, args: node.args, kwargs: node.kwargs, options },
        ...{ subtask_type: subtaskTypeOf(node), immutable },
      };
    case 'chain':
      return wrap(builtinNames.chain, 'chain', { tasks: node.links.map(serializeNode) }, options, immutable);
    case 'group':
      return wrap(builtinNames.group, 'group', { tasks: node.members.map(serializeNode) }, options, immutable);
    case 'chord': {
      const { header, body, options: own } = travellingChord(node);
      const kwargs = { kwargs: {}, header: serializeNode(header), body: serializeNode(body) };
      return wrap(builtinNames.chord, 'chord', kwargs, encodeOptions(own), immutable);
    }
    case 'chunks': {
      const { task, items, size } = node;
      return wrap(builtinNames.chunks, 'chunks', { task, it: items, n: size }, options, immutable);
    }
  }
}

function withLinksInPlace(node: SignatureNode): SignatureNode {
  if (node.kind === 'group') return withSharedLinks(node);
  if (node.kind !== 'chord') return node;
  const { link, linkError, ...options } = node.options;
  return { ...node, options, body: linkedBody(node) };
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

/** Whether it looks like one; it may be one of which parts are left out. */
export function isSignature(value: unknown): value is SerializedSignature {
  return isRecord(value) && typeof value['task'] === 'string';
}

/**
 * Reads a signature of any sender.
 * @throws InvalidTaskMessageError when it is none.
 */
export function parseNode(value: unknown): SignatureNode {
  if (!isSignature(value)) {
    throw new InvalidTaskMessageError(
      'A continuation in the message is not a signature: it needs at least the members task, args, kwargs and options.',
    );
  }
  const kwargs = isRecord(value['kwargs']) ? value['kwargs'] : {};
  const options = decodeOptions(isRecord(value['options']) ? value['options'] : {});
  const immutable = value['immutable'] === true;
  switch (value['subtask_type'] ?? typeOfBuiltin(value['task'])) {
    case 'chain':
      return receivedChain({ kind: 'chain', links: parseList(kwargs['tasks']), options, immutable });
    case 'group':
      return { kind: 'group', members: parseList(kwargs['tasks']), options, immutable };
    case 'chord':
      return receivedChord({
        kind: 'chord',
        header: parseHeader(kwargs['header']),
        body: parseNode(kwargs['body']),
        options,
        immutable,
      });
    case 'chunks':
      return parseChunks(kwargs, options);
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

const wholes: ReadonlyMap<string, string> = new Map([
  [builtinNames.chain, 'chain'],
  [builtinNames.group, 'group'],
  [builtinNames.chord, 'chord'],
  [builtinNames.chunks, 'chunks'],
]);

/** A sender may leave subtask_type out (SPEC 1.9). */
function typeOfBuiltin(task: string): string | undefined {
  return wholes.get(task);
}

/** A chord's header is a group, or a bare list of signatures; of a chain the links are taken for it (celery 5.6 canvas.py, _maybe_group). */
function parseHeader(value: unknown): GroupNode {
  if (Array.isArray(value)) return { kind: 'group', members: value.map(parseNode), options: {}, immutable: false };
  const node = parseNode(value);
  if (node.kind === 'group') return node;
  const members = node.kind === 'chain' ? node.links : [node];
  return { kind: 'group', members, options: {}, immutable: false };
}

/** The id of its last step stands over that of a chain that Python has frozen (celery 5.6 canvas.py, Signature.freeze). */
function receivedChain(node: ChainNode): ChainNode {
  const { taskId, ...options } = node.options;
  const ofLast = idOfLast(node);
  return ofLast === undefined || ofLast === taskId ? node : { ...node, options };
}

/** Under which a workflow ends, where its last step has an id: of a chord, that of its body. */
function idOfLast(node: SignatureNode | undefined): string | undefined {
  switch (node?.kind) {
    case 'chain':
      return idOfLast(node.links.at(-1));
    case 'chord':
      return node.options.taskId ?? idOfLast(node.body);
    default:
      return node?.options.taskId;
  }
}

function parseChunks(kwargs: Readonly<Record<string, unknown>>, options: NodeOptions): ChunksNode {
  const { task, it, n } = kwargs;
  if (!Array.isArray(it)) throw new InvalidTaskMessageError('Chunks in the message have no list of items.');
  if (!isChunkSize(n)) throw new InvalidTaskMessageError('Chunks in the message hold no whole number of items.');
  return { kind: 'chunks', task: serializeNode(parseNode(task)), items: it, size: n, options, immutable: true };
}

function parseList(value: unknown): readonly SignatureNode[] {
  if (!Array.isArray(value)) throw new InvalidTaskMessageError('A chain or group in the message has no list of tasks.');
  return value.map(parseNode);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
