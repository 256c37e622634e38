import { builtinNames } from './builtin-names.js';
import { mergeStamps } from './merge-stamps.js';
import { flatten, joinLinks } from './flatten.js';
import { parseNode, serializeNode } from './serialize.js';
import type { SerializedSignature } from './serialized-signature.js';
import {
  type ChainNode,
  type ChordNode,
  type ChunksNode,
  type GroupNode,
  type SignatureNode,
  type TaskNode,
  withOptions,
} from './signature-node.js';
import {
  type AddedStamps,
  hasOptionsBeside,
  type OptionsBesideStamps,
  type StampingContext,
  type StampingVisitor,
  type StampOptions,
  type Stamps,
  type VisitedSignature,
} from './stamping-visitor.js';
import { withCallOptions } from './with-call-options.js';
import { checkedStamps, withStamps } from './with-stamps.js';

/** Stamps every signature of a workflow, and what is linked to them (celery 5.6 canvas.py, stamp of each kind). */
export function stampNode(node: SignatureNode, visitor: StampingVisitor, options: StampOptions = {}): SignatureNode {
  return stamped({ visitor, appendStamps: options.appendStamps ?? false }, node, nothing);
}

interface Stamping {
  readonly visitor: StampingVisitor;
  readonly appendStamps: boolean;
}

/** What everything from here on is given. */
interface Given {
  readonly stamps: Stamps;
  readonly options: OptionsBesideStamps;
}

const nothing: Given = { stamps: {}, options: {} };

function stamped(stamping: Stamping, node: SignatureNode, given: Given): SignatureNode {
  switch (node.kind) {
    case 'task':
    case 'chunks':
      return stampedCall(stamping, node, given);
    case 'chain':
      return stampedChain(stamping, node, given);
    case 'group':
      return stampedGroup(stamping, node, given);
    case 'chord':
      return stampedChord(stamping, node, given);
  }
}

function stampedCall(stamping: Stamping, node: TaskNode | ChunksNode, given: Given): SignatureNode {
  const linked = withStampedLinks(stamping, node, given);
  const { stamps, options } = add(stamping, given, stamping.visitor.onSignature(viewOf(linked), contextOf(given)));
  return withStamps(withCallOptions(linked, options), mergeStamps(stamps, node.options.stamps ?? {}, stamping));
}

/** A group and what follows it in a chain are visited as what they are sent as: a chord. */
function stampedChain(stamping: Stamping, node: ChainNode, given: Given): SignatureNode {
  const whole = flatten(node);
  if (whole.kind !== 'chain') return { ...node, links: [stamped(stamping, whole, given)], options: {} };
  const { visitor } = stamping;
  const inside = add(stamping, given, visitor.onChainStart?.(viewOf(node), contextOf(given)));
  const links = joinLinks(node).map((link) => stamped(stamping, link, inside));
  const done = withStampedLinks(stamping, { ...node, links }, inside);
  visitor.onChainEnd?.(viewOf(done), contextOf(inside));
  return done;
}

function stampedGroup(stamping: Stamping, node: GroupNode, given: Given): SignatureNode {
  const { visitor } = stamping;
  const inside = add(stamping, given, visitor.onGroupStart?.(viewOf(node), contextOf(given)));
  const done = withStampedMembers(stamping, node, inside);
  visitor.onGroupEnd?.(viewOf(done), contextOf(inside));
  return done;
}

/** What is said of the header goes for the body, too. What is linked to a chord is linked to its body. */
function stampedChord(stamping: Stamping, node: ChordNode, given: Given): SignatureNode {
  const { visitor } = stamping;
  const ofHeader =
    visitor.onChordHeaderStart === undefined
      ? visitor.onGroupStart?.(viewOf(node.header), contextOf(given))
      : visitor.onChordHeaderStart(viewOf(node), contextOf(given));
  const inside = add(stamping, given, ofHeader);
  const begun = { ...node, header: withStampedMembers(stamping, node.header, inside) };
  if (visitor.onChordHeaderEnd === undefined) visitor.onGroupEnd?.(viewOf(begun.header), contextOf(inside));
  else visitor.onChordHeaderEnd(viewOf(begun), contextOf(inside));
  const ofBody = add(stamping, inside, visitor.onChordBody?.(viewOf(begun), contextOf(inside)));
  return withStampedLinks(stamping, { ...begun, body: stamped(stamping, node.body, ofBody) }, ofBody);
}

function withStampedMembers(stamping: Stamping, node: GroupNode, inside: Given): GroupNode {
  const members = node.members.map((member) => stamped(stamping, member, inside));
  return withStampedLinks(stamping, { ...node, members }, inside);
}

/** Links are given what stands around them, and nothing of what only the linked signature was given. */
function withStampedLinks<Node extends SignatureNode>(stamping: Stamping, node: Node, given: Given): Node {
  const { link, linkError } = node.options;
  if (link === undefined && linkError === undefined) return node;
  const { visitor } = stamping;
  const stampedLink = (
    wire: SerializedSignature,
    ask: (view: VisitedSignature, context: StampingContext) => AddedStamps,
  ): SerializedSignature => {
    const next = parseNode(wire);
    return serializeNode(stamped(stamping, next, add(stamping, given, ask(viewOf(next), contextOf(given)))));
  };
  return withOptions(node, {
    ...(link === undefined
      ? {}
      : { link: link.map((one) => stampedLink(one, (view, context) => visitor.onCallback?.(view, context))) }),
    ...(linkError === undefined
      ? {}
      : { linkError: linkError.map((one) => stampedLink(one, (view, context) => visitor.onErrback?.(view, context))) }),
  });
}

/** What is said further inside stands over what was said further outside. */
function add({ appendStamps }: Stamping, given: Given, added: AddedStamps): Given {
  if (added === undefined) return given;
  const { stamps: said, options } = hasOptionsBeside(added) ? added : { stamps: added, options: nothing.options };
  const stamps = checkedStamps(said);
  return {
    stamps: appendStamps
      ? mergeStamps(given.stamps, stamps, { appendStamps })
      : mergeStamps(stamps, given.stamps, { appendStamps }),
    options: { ...given.options, ...options },
  };
}

function contextOf({ stamps }: Given): StampingContext {
  return { stamps };
}

function viewOf(node: SignatureNode): VisitedSignature {
  const { kind, options, immutable } = node;
  return {
    ...{ kind, options, immutable },
    ...(kind === 'task' ? { task: node.task, args: node.args } : { task: builtinNames[kind], args: [] }),
    get kwargs() {
      return kind === 'task' ? node.kwargs : serializeNode(node).kwargs;
    },
    get parts() {
      return partsOf(node).map(viewOf);
    },
  };
}

function partsOf(node: SignatureNode): readonly SignatureNode[] {
  switch (node.kind) {
    case 'chain':
      return node.links;
    case 'group':
      return node.members;
    case 'chord':
      return [...node.header.members, node.body];
    case 'task':
    case 'chunks':
      return [];
  }
}
