import { types } from 'node:util';
import { DecodeError } from '../errors.js';
import { maxDepth } from './json-scan.js';

/** How many values a document may have beyond those that it spells out, when what is shared in it is counted each time. */
const maxRepeated = 1_000_000;

/**
 * Formats that name a value once and refer to it later can describe, in a few bytes, a structure that no memory holds once somebody
 * writes it down, prints it or walks it ("billion laughs"), or one without an end. Refused here, before anyone else sees it.
 *
 * @throws DecodeError @internal
 */
export function checkSharedValues(root: unknown, format: string): void {
  /** Of what is measured: how many values it stands for, and how deep. `undefined` while it is being measured. */
  const measured = new Map<object, { readonly size: number; readonly depth: number } | undefined>();
  let repeated = 0;

  const measure = (value: unknown, level: number): { readonly size: number; readonly depth: number } => {
    if (!isContainer(value)) return leaf;
    if (level > maxDepth) throw tooDeep(format);
    const known = measured.get(value);
    if (known !== undefined) {
      repeated += known.size;
      if (repeated > maxRepeated) {
        throw new DecodeError(`The content is not read: what is shared in this ${format} makes it too large.`);
      }
      if (level + known.depth > maxDepth) throw tooDeep(format);
      return known;
    }
    if (measured.has(value)) throw new DecodeError(`The content is not read: this ${format} is circular.`);
    measured.set(value, undefined);
    let size = 1;
    let depth = 0;
    for (const member of membersOf(value)) {
      const found = measure(member, level + 1);
      size += found.size;
      depth = Math.max(depth, found.depth + 1);
    }
    const found = { size, depth };
    measured.set(value, found);
    return found;
  };
  measure(root, 0);
}

const leaf = { size: 1, depth: 0 } as const;

function isContainer(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  return Array.isArray(value) || types.isSet(value) || Object.getPrototypeOf(value) === Object.prototype;
}

function membersOf(value: object): Iterable<unknown> {
  return Array.isArray(value) || types.isSet(value) ? value : Object.values(value);
}

function tooDeep(format: string): DecodeError {
  return new DecodeError(`The content is not read: this ${format} is nested more than ${maxDepth} levels deep.`);
}
