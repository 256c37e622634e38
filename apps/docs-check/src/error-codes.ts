import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, sourcePaths } from './pages.js';

/** Every code that an error of the packages can have: the string literals that look like one, outside of tests. */
export function errorCodes(): ReadonlySet<string> {
  const codes = new Set<string>();
  for (const path of sourcePaths()) {
    if (!path.startsWith('packages/') || /\.test(-d)?\.ts$|\/conformance\//.test(path)) continue;
    for (const [, code = ''] of readFileSync(join(root, path), 'utf8').matchAll(
      /(?<!env\[|env\(\s*)'(CTQ_[A-Z0-9_]+)'/g,
    ))
      codes.add(code);
  }
  return codes;
}
