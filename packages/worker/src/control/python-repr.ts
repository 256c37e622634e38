import { saferepr } from '@ctq/core';

/** A text as Python shows it. */
function textRepr(text: string): string {
  return saferepr(text, Number.MAX_SAFE_INTEGER);
}

/** A set of texts as Python shows it, whole: in the order in which they were given, which is one of those that Python may choose. */
export function setRepr(texts: Iterable<string>): string {
  const shown = [...new Set(texts)].map(textRepr);
  return shown.length === 0 ? 'set()' : `{${shown.join(', ')}}`;
}

/** Any value, whole. */
export function valueRepr(value: unknown): string {
  return saferepr(value, Number.MAX_SAFE_INTEGER);
}
