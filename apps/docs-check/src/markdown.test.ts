import { describe, expect, it } from 'vitest';
import { anchors, codeBlocks, links, tableRows } from './markdown.js';
import { snippetFiles } from './snippets.js';

const page = `# Calling a task

See [delay](#calling-a-task) and \`[not](this.md)\`.

\`\`\`ts
// tasks.ts
export const add = 1;
\`\`\`

| code | when |
| --- | --- |
| \`A\` | \`x \\| y\` |

\`\`\`ts
console.log(add); // [nor](that.md)
\`\`\`
`;

describe('reading a page', () => {
  it('finds its blocks, links, anchors and table rows', () => {
    expect(codeBlocks(page).map(({ language, line }) => [language, line])).toEqual([
      ['ts', 5],
      ['ts', 14],
    ]);
    expect(links(page).map(({ target }) => target)).toEqual(['#calling-a-task']);
    expect([...anchors(page)]).toEqual(['calling-a-task']);
    expect(tableRows(page)).toEqual([['`A`', '`x \\| y`']]);
  });

  it('gives a snippet what the files of its page export', () => {
    const [named, other] = snippetFiles({ path: 'docs/a.md', text: page });
    expect(named).toMatchObject({ path: 'docs-a/tasks.ts', addedLines: 0 });
    expect(other?.code).toBe("import { add } from './tasks.js';\nconsole.log(add); // [nor](that.md)\n");
  });
});
