import type { Kernel } from '../app/kernel.js';
import type { AsyncResult } from '../result/result-handle.js';
import type { CallOptions } from '../sending/call-options.js';
import { asImmutable } from './as-immutable.js';
import { dispatch } from './dispatch.js';
import { holdElection } from './election.js';
import { followedBy } from './followed-by.js';
import { resultsOf } from './results-of.js';
import { serializeNode } from './serialize.js';
import type { Signature } from './signature.js';
import { signatureGraph } from './signature-graph.js';
import { type SignatureNode, withLink } from './signature-node.js';
import { signatureText } from './signature-text.js';
import { stampNode } from './stamp.js';
import { isVisitor, type StampingVisitor, type StampOptions, type Stamps } from './stamping-visitor.js';
import { withCallOptions } from './with-call-options.js';
import { checkedStamps, withStampsBelow } from './with-stamps.js';
import { withKwargs } from './with-kwargs.js';

const parts = Symbol.for('ctq.signature');

interface SignatureParts {
  readonly node: SignatureNode;
  readonly kernel: Kernel;
}

/** A signature over a node. Its type parameters are the caller's promise: nothing of them exists at run time. */
export function createSignature<A extends readonly unknown[], R, Result = AsyncResult<R>>(
  kernel: Kernel,
  node: SignatureNode,
): Signature<A, R, Result> {
  const again = (changed: SignatureNode): Signature<A, R, Result> => createSignature(kernel, changed);
  const send = async (args: readonly unknown[], options: CallOptions | undefined): Promise<Result> => {
    const ids = await dispatch(kernel, options === undefined ? node : called(node, options), { args });
    return resultsOf(kernel, ids) as Result;
  };
  const signature: Signature<A, R, Result> = {
    kind: node.kind,
    immutable: node.immutable,
    delay: (...args) => send(args, undefined),
    applyAsync: (args, options) => send(args ?? [], options),
    set: (options) => again(withCallOptions(node, options)),
    withKwargs: (kwargs) => createSignature(kernel, withKwargs(node, kwargs)),
    asImmutable: () => createSignature(kernel, asImmutable(node)),
    pipe: (next) => createSignature(kernel, followedBy(node, partsOf(next).node)),
    link: (next) => again(withLink(node, 'link', next.serialize())),
    linkError: (errback) => again(withLink(node, 'linkError', errback.serialize())),
    stamp: (what: Stamps | StampingVisitor, options?: StampOptions) =>
      again(stampNode(node, isVisitor(what) ? what : { onSignature: () => what }, options)),
    election: async () => resultsOf(kernel, await holdElection(kernel, node)) as Result,
    serialize: () => serializeNode(node),
    toJSON: () => serializeNode(node),
    toString: () => signatureText(node),
    graph: () => signatureGraph(node),
  };
  Object.defineProperty(signature, parts, { value: { node, kernel } satisfies SignatureParts });
  return signature;
}

/** What a signature is made of. @throws TypeError for anything that is not a signature. */
export function partsOf(signature: unknown): SignatureParts {
  if (typeof signature === 'object' && signature !== null && parts in signature)
    return signature[parts] as SignatureParts;
  throw new TypeError(
    'Not a signature. Make one of a task: add.s(2, 2), or add.si(2, 2) for one that ignores the result before it.',
  );
}

/** With the options of one call over its own, its stamps excepted: those stay. */
function called(node: SignatureNode, { stamps, ...options }: CallOptions): SignatureNode {
  const changed = withCallOptions(node, options);
  return stamps === undefined ? changed : withStampsBelow(changed, checkedStamps(stamps));
}
