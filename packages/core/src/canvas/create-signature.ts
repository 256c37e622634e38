import type { Kernel } from '../app/kernel.js';
import type { AsyncResult } from '../result/result-handle.js';
import type { CallOptions } from '../sending/call-options.js';
import { asImmutable } from './as-immutable.js';
import { dispatch } from './dispatch.js';
import { followedBy } from './followed-by.js';
import { resultsOf } from './results-of.js';
import { serializeNode } from './serialize.js';
import type { Signature } from './signature.js';
import { type NodeOptions, type SignatureNode, withLink, withOptions } from './signature-node.js';
import { signatureText } from './signature-text.js';
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
    const ids = await dispatch(kernel, options === undefined ? node : withCallOptions(node, options), { args });
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
    serialize: () => serializeNode(node),
    toJSON: () => serializeNode(node),
    toString: () => signatureText(node),
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

function withCallOptions(node: SignatureNode, options: CallOptions): SignatureNode {
  const { link, linkError, signal, stamps, ...plain } = options;
  let changed = withOptions(node, given(plain));
  if (stamps !== undefined) {
    const all = { ...node.options.stamps, ...stamps };
    changed = withOptions(changed, { stamps: all, stampedHeaders: Object.keys(all) });
  }
  for (const next of listOf(link)) changed = withLink(changed, 'link', next.serialize());
  for (const errback of listOf(linkError)) changed = withLink(changed, 'linkError', errback.serialize());
  return changed;
}

/** What is undefined is not given, and takes nothing away (celery 5.6 canvas.py, Signature.apply_async). */
function given(options: Omit<CallOptions, 'link' | 'linkError' | 'signal' | 'stamps'>): NodeOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

function listOf<T extends { serialize(): unknown }>(links: T | readonly T[] | undefined): readonly T[] {
  if (links === undefined) return [];
  return 'serialize' in links ? [links] : links;
}
