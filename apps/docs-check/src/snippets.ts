import { basename } from 'node:path';
import { codeBlocks } from './markdown.js';
import type { Page } from './pages.js';

/** A snippet as a module of its own. */
export interface SnippetFile {
  /** `docs-guides-tasks/tasks.ts`. */
  readonly path: string;
  readonly code: string;
  /** Where it stands: `docs/guides/tasks.md:12`. */
  readonly origin: string;
  /** Lines in front of the snippet's own. */
  readonly addedLines: number;
}

/**
 * The TypeScript of a page as files that the compiler takes. A block whose first line is a comment with a file name (`// tasks.ts`), or that
 * is `file=…`, is that file for the blocks after it; all others see what these export without saying so. `no-check` leaves a block out.
 */
export function snippetFiles({ path, text }: Page): readonly SnippetFile[] {
  const folder = path.replace(/\.md$/, '').replaceAll('/', '-');
  const files: SnippetFile[] = [];
  const exported = new Map<string, { file: string; isType: boolean }>();
  for (const { language, info, code, line } of codeBlocks(text)) {
    // What repeats a test is compiled where it stands, with what it imports.
    if (language !== 'ts' || info.includes('no-check') || /\bfile=\S+\.test\.ts/.test(info)) continue;
    const name = fileName(info, code);
    const prelude = name === undefined ? importsOf(exported, code) : '';
    files.push({
      path: `${folder}/${name ?? `line-${line}.ts`}`,
      code: `${prelude}${code}`,
      origin: `${path}:${line}`,
      addedLines: prelude.split('\n').length - 1,
    });
    if (name === undefined) continue;
    for (const [, keyword, found = ''] of code.matchAll(
      /^export (?:async )?(const|function|class|interface|type) (\w+)/gm,
    )) {
      exported.set(found, {
        file: name.replace(/\.ts$/, '.js'),
        isType: keyword === 'interface' || keyword === 'type',
      });
    }
  }
  return files;
}

/** Blocks that repeat a file of the repository, to be compared with it. */
export function repeatedFiles({ path, text }: Page): readonly { file: string; code: string; origin: string }[] {
  return codeBlocks(text).flatMap(({ info, code, line }) => {
    const file = /\bfile=(\S+)/.exec(info)?.[1];
    return file === undefined ? [] : [{ file, code, origin: `${path}:${line}` }];
  });
}

function fileName(info: string, code: string): string | undefined {
  const file = /\bfile=(\S+)/.exec(info)?.[1];
  if (file !== undefined) return basename(file);
  return /^\/\/ ([\w.-]+\.ts)\s*$/m.exec(code.slice(0, code.indexOf('\n') + 1))?.[1];
}

function importsOf(exported: ReadonlyMap<string, { file: string; isType: boolean }>, code: string): string {
  let imports = '';
  for (const [name, { file, isType }] of exported) {
    const isUsed = new RegExp(`\\b${name}\\b`).test(code);
    const isDeclared = new RegExp(
      `\\b(?:const|let|function|class|interface|type) ${name}\\b|\\bimport [^;]*\\b${name}\\b[^;]*;`,
    ).test(code);
    if (isUsed && !isDeclared) imports += `import ${isType ? 'type ' : ''}{ ${name} } from './${file}';\n`;
  }
  return imports;
}
