import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Folder of programs of which each has one mistake. */
export const mistakesFolder: string = fileURLToPath(new URL('../mistakes/', import.meta.url));

/** A program that must not compile. Its first lines are comments: what is wrong with it, and why. */
export interface Mistake {
  readonly file: string;
  readonly title: string;
  readonly reason: string;
  /** Without those lines. */
  readonly code: string;
  /** What is below this line, from 1, is wrong; all above it is right. */
  readonly line: number;
}

/** An error of the compiler. */
export interface Complaint {
  readonly file: string;
  readonly line: number;
  /** `TS2345: Argument of type …`, with all of its lines. */
  readonly message: string;
}

const marker = '// mistake';

/** What all of them import. */
function sharedProgram(): string {
  return readFileSync(`${mistakesFolder}shop.ts`, 'utf8');
}

export function readMistakes(): readonly Mistake[] {
  return readdirSync(mistakesFolder)
    .filter((file) => file.endsWith('.ts') && file !== 'shop.ts')
    .sort()
    .map((file) => {
      const lines = readFileSync(`${mistakesFolder}${file}`, 'utf8').split('\n');
      const headed = lines.findIndex((line) => !line.startsWith('// '));
      const [title = '', ...reason] = lines.slice(0, headed).map((line) => line.slice('// '.length));
      const code = lines.slice(headed).join('\n');
      return { file, title, reason: reason.join('\n'), code, line: lines.indexOf(marker) + 1 };
    });
}

export function complaintsIn(output: string): readonly Complaint[] {
  return [...output.matchAll(/^(\S+?)\((\d+),\d+\): error (TS\d+: .*(?:\n[ \t]+.*)*)/gm)].map(
    ([, file = '', line, message = '']) => ({ file, line: Number(line), message }),
  );
}

/** The page docs/reference/type-errors.md. */
export function mistakesPage(mistakes: readonly Mistake[], complaints: readonly Complaint[]): string {
  return `# What the compiler tells you

Generated from \`apps/docs-check/mistakes\` and the compiler's own words (TypeScript 7); do not edit. After a change there:
\`npm test -- apps/docs-check -u\`.

What is above the line \`${marker}\` compiles, what is below does not. All of them import these tasks:

\`\`\`ts no-check
// shop.ts
${sharedProgram()}\`\`\`
${mistakes.map((mistake) => section(mistake, complaints)).join('')}`;
}

function section({ file, title, reason, code }: Mistake, complaints: readonly Complaint[]): string {
  const said = complaints.filter((complaint) => complaint.file === file).map(({ message }) => message);
  return `
## ${title}
${reason === '' ? '' : `\n${reason}\n`}
\`\`\`ts no-check
${code}\`\`\`

\`\`\`text
${said.join('\n')}
\`\`\`
`;
}
