/** A fenced block of a page. */
export interface CodeBlock {
  readonly language: string;
  /** What stands behind the language: `file=…`, `no-check`. */
  readonly info: string;
  readonly code: string;
  /** Line of the opening fence, from 1. */
  readonly line: number;
}

export interface Link {
  readonly target: string;
  readonly line: number;
}

/** The fenced blocks of a page, in their order. */
export function codeBlocks(markdown: string): readonly CodeBlock[] {
  const blocks: CodeBlock[] = [];
  let open: { language: string; info: string; line: number; code: string[] } | undefined;
  for (const [index, text] of markdown.split('\n').entries()) {
    const fence = /^```(\S*)\s*(.*)$/.exec(text);
    if (fence === null) open?.code.push(text);
    else if (open === undefined) open = { language: fence[1] ?? '', info: fence[2] ?? '', line: index + 1, code: [] };
    else {
      blocks.push({ ...open, code: `${open.code.join('\n')}\n` });
      open = undefined;
    }
  }
  return blocks;
}

/** Links of the prose; those in code are text. */
export function links(markdown: string): readonly Link[] {
  const found: Link[] = [];
  for (const [index, text] of prose(markdown).entries()) {
    for (const [, target = ''] of text.matchAll(/\]\(([^()\s]+)\)/g)) found.push({ target, line: index + 1 });
  }
  return found;
}

/** Names of files (`run-task.ts`, `core/src/task/task.ts`) that the prose puts in code marks. */
export function namedSources(markdown: string): readonly Link[] {
  const found: Link[] = [];
  for (const [index, text] of markdown.split('\n').entries()) {
    for (const [, target = ''] of text.matchAll(/`([\w./-]+\.(?:ts|mjs))`/g)) found.push({ target, line: index + 1 });
  }
  return found;
}

/** The anchors that a renderer gives to the headings of a page. */
export function anchors(markdown: string): ReadonlySet<string> {
  const found = new Set<string>();
  for (const text of prose(markdown)) {
    const heading = /^#{1,6}\s+(.*)$/.exec(text)?.[1];
    if (heading !== undefined) found.add(slug(heading));
  }
  return found;
}

/** Rows of all tables of a page, without their heads and rulers. */
export function tableRows(markdown: string): readonly (readonly string[])[] {
  const lines = prose(markdown).map((text) => text.trim());
  return lines.flatMap((text, index) => {
    const isHead = /^\|[\s|:-]+\|$/.test(lines[index + 1] ?? '');
    if (!text.startsWith('|') || /^\|[\s|:-]+\|$/.test(text) || isHead) return [];
    const cells = text.slice(1, -1).split(/(?<!\\)\|/);
    return [cells.map((cell) => cell.trim())];
  });
}

/** The lines of a page with those of its fenced blocks emptied, so that numbers stay right. */
function prose(markdown: string): readonly string[] {
  let isCode = false;
  return markdown.split('\n').map((text) => {
    const isFence = text.startsWith('```');
    if (isFence) isCode = !isCode;
    return isFence || isCode ? '' : text.replaceAll(/`[^`]*`/g, (code) => code.replaceAll(/[[\]()]/g, ' '));
  });
}

function slug(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(/\s/g, '-');
}
