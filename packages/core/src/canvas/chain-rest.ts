import type { EncodedContent, Message } from '@ctq/messaging';
import type { Kernel } from '../app/kernel.js';
import { coordinationKey } from '../coordination/coordination-key.js';
import { LostChainError } from '../errors/canvas-errors.js';
import { builtinNames } from './builtin-names.js';
import { derivedIds } from './derived-ids.js';
import type { SerializedSignature } from './serialized-signature.js';

/** Steps of a chain that wait in the store until their turn, reversed as in messages. */
export interface ChainRest {
  readonly key: string;
  readonly steps: readonly SerializedSignature[];
}

/** A chain of which each message carries a part. */
export interface SplitChain {
  readonly steps: readonly SerializedSignature[];
  readonly rests: readonly ChainRest[];
}

/**
 * Leaves so many of the steps that come next; behind each part stands a step for the part after it, `ctq.chain_rest`, so that the messages of a chain do not grow with it.
 * @param steps reversed
 * @param limit how many a part has at most
 * @param id of the chain: the same chain that is sent again has the same parts
 */
export function splitChain(steps: readonly SerializedSignature[], limit: number, id: string): SplitChain {
  const rests: ChainRest[] = [];
  // The end of the chain stands first.
  let part: readonly SerializedSignature[] = steps.slice(0, steps.length % limit || limit);
  for (let at = part.length; at < steps.length; at += limit) {
    const key = `${id}.${rests.length}`;
    rests.push({ key, steps: part });
    part = [restStep(key), ...steps.slice(at, at + limit)];
  }
  return { steps: part, rests };
}

/** A worker of ctq looks behind it; a worker of Python sends it as any other step, to a worker of ctq. */
function restStep(key: string): SerializedSignature {
  return {
    task: builtinNames.chainRest,
    args: [key],
    kwargs: {},
    options: { task_id: derivedIds('rest', key)() },
    subtask_type: null,
    immutable: false,
  };
}

function restKeyOf(step: SerializedSignature | undefined): string | undefined {
  if (step?.task !== builtinNames.chainRest) return undefined;
  const [key] = step.args;
  return typeof key === 'string' ? key : undefined;
}

/** Before the first step is sent. */
export async function storeRests(kernel: Kernel, rests: readonly ChainRest[]): Promise<void> {
  if (rests.length === 0) return;
  const { taskSerializer: serializer } = kernel.settings;
  const { expiresMs: ttlMs } = kernel.results;
  const expires = ttlMs === undefined ? {} : { ttlMs };
  const store = await kernel.store();
  await store.setMany(
    rests.map(({ key, steps }) => ({
      key: keyOf(key),
      value: pack(kernel.content.encode(steps, { serializer })),
      ...expires,
    })),
  );
}

/**
 * The steps behind one that stands for them.
 * @throws LostChainError when the store has them no more.
 */
export async function loadRest(kernel: Kernel, key: string): Promise<readonly SerializedSignature[]> {
  const bytes = (await (await kernel.store()).getMany([keyOf(key)])).get(keyOf(key));
  if (bytes === undefined) throw new LostChainError(key);
  return kernel.content.decode(unpack(bytes)) as readonly SerializedSignature[];
}

/** The chain with the next step at its end, where that is in the store. @throws LostChainError */
export async function withNextStep(
  kernel: Kernel,
  chain: readonly SerializedSignature[],
): Promise<readonly SerializedSignature[]> {
  const key = restKeyOf(chain.at(-1));
  return key === undefined ? chain : [...chain.slice(0, -1), ...(await loadRest(kernel, key))];
}

/** The chain with all of its steps; those that the store has no more are left out. */
export async function wholeChain(
  kernel: Kernel,
  chain: readonly SerializedSignature[],
): Promise<readonly SerializedSignature[]> {
  if (!chain.some((step) => restKeyOf(step) !== undefined)) return chain;
  const parts = await Promise.all(chain.map((step) => wholeStep(kernel, step)));
  return parts.flat();
}

async function wholeStep(kernel: Kernel, step: SerializedSignature): Promise<readonly SerializedSignature[]> {
  const steps: SerializedSignature[] = [];
  let part: readonly SerializedSignature[] = [step];
  for (;;) {
    const [first, ...others] = part;
    const key = restKeyOf(first);
    steps.unshift(...(key === undefined ? part : others));
    if (key === undefined) return steps;
    try {
      part = await loadRest(kernel, key);
    } catch (error) {
      if (LostChainError.isInstance(error)) return steps;
      throw error;
    }
  }
}

function keyOf(key: string): string {
  return coordinationKey('chain', key);
}

/** A line that says what the rest is in. */
function pack({ body, contentType, contentEncoding }: EncodedContent): Uint8Array {
  return Buffer.concat([Buffer.from(`${contentType} ${contentEncoding}\n`), body]);
}

function unpack(bytes: Uint8Array): Pick<Message, 'body' | 'contentType' | 'contentEncoding' | 'headers'> {
  const end = bytes.indexOf(0x0a);
  const [contentType = '', contentEncoding = ''] = Buffer.from(bytes.subarray(0, end)).toString().split(' ');
  return { body: bytes.subarray(end + 1), contentType, contentEncoding, headers: {} };
}
