import type { GroupResult } from '../result/result-handle.js';
import { groupOfChunks } from './chunks.js';
import { createSignature, partsOf } from './create-signature.js';
import type { Signature } from './signature.js';
import { withOptions } from './signature-node.js';

/** How members of a group are kept apart, in seconds. */
export interface SkewOptions {
  /** Countdown of the first member. Default 1. */
  readonly start?: number;
  /** How much later each other one begins than the one before. Default 1. */
  readonly step?: number;
  /** The largest countdown; members after that have it too. By default there is none. */
  readonly stop?: number;
}

/** A copy of a group whose members do not begin all at once: with countdowns of 1, 2, 3 seconds and so on (celery 5.6 canvas.py, group.skew). */
export function skew<A extends readonly unknown[], R, Results extends unknown[]>(
  group: Signature<A, R, GroupResult<Results>>,
  { start = 1, step = 1, stop = Infinity }: SkewOptions = {},
): Signature<A, R, GroupResult<Results>> {
  const { node, kernel } = partsOf(group);
  const whole = node.kind === 'chunks' ? groupOfChunks(node) : node;
  if (whole.kind !== 'group')
    throw new TypeError(`Only the members of a group can be kept apart, not a ${whole.kind}.`);
  const steps = Math.floor((stop - start) / step);
  const members = whole.members.map((member, index) =>
    withOptions(member, { countdown: start + Math.min(index, Math.max(steps, 0)) * step }),
  );
  return createSignature(kernel, { ...whole, members });
}
