import { createContext, Script } from 'node:vm';
import { globPattern } from '@ctq/runtime';

/** Whether a name is meant by a pattern. */
export type NodeMatcher = (name: string, pattern: string) => boolean;

export type NodeMatchers = Readonly<Record<string, NodeMatcher>>;

/** A pattern comes from whoever can send to the broker, and some take for ever. Time of the clock, on a machine that may have much else to do. */
const longestMatchMs = 1_000;

/** By the names that clients of Python give (kombu 5.6 matcher.py). */
export const nodeMatchers: NodeMatchers = {
  /** Python's fnmatch. */
  glob: (name, pattern) => matches(globPattern(pattern).source, 's', name),
  /** A regular expression, from the start of the name. Syntax that only Python has is an error. */
  pcre: (name, pattern) => matches(pattern, '', name),
};

/** @throws Error for a matcher that is not known, a pattern that cannot be read and one that takes too long. */
export function matchesNode(
  name: string,
  pattern: string,
  matcher: string,
  matchers: NodeMatchers = nodeMatchers,
): boolean {
  const match = Object.hasOwn(matchers, matcher) ? matchers[matcher] : undefined;
  if (match === undefined)
    throw new TypeError(`There is no matcher '${matcher}', but ${Object.keys(matchers).toSorted().join(', ')}.`);
  return match(name, pattern);
}

const test = new Script('new RegExp(source, flags).test(name)');

function matches(source: string, flags: string, name: string): boolean {
  const context = createContext({ source, flags: `${flags}y`, name });
  return test.runInContext(context, { timeout: longestMatchMs }) === true;
}
