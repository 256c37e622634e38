import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { root } from './pages.js';

const bin = createRequire(import.meta.url).resolve('@ctq/cli/bin');
const page = readFileSync(join(root, 'docs/reference/cli.md'), 'utf8');

/** What `ctq` says of itself. */
async function help(...args: string[]): Promise<string> {
  return (await promisify(execFile)(process.execPath, [bin, ...args, '--help'])).stdout;
}

/** Long options that begin a line of the help, or that stand in the first cell of the page's rows. */
const optionsOf = (text: string): string[] =>
  [...text.matchAll(/^\s+(?:-\w, )?(--[\w-]+(?:, --[\w-]+)*)/gm)]
    .flatMap(([, names = '']) => names.split(', '))
    .filter((name) => name !== '--help');

const documented = (section: string): string[] =>
  [...section.matchAll(/^\| (`[^|]*`) \|/gm)]
    .flatMap(([, cell = '']) => cell.match(/--[\w-]+/g) ?? [])
    .filter((name) => name !== '--help');

const commandsIn = (text: string): string[] =>
  [...text.matchAll(/^ {2}(\w+) /gm)].map(([, name = '']) => name).filter((name) => name !== 'help');

const commands = commandsIn(await help());

/** With those of the commands within it. */
async function optionsWithin(command: string): Promise<string[]> {
  const text = await help(command);
  const within = /^Commands:$/m.test(text) ? commandsIn(text) : [];
  const found = await Promise.all(within.map(async (name) => optionsOf(await help(command, name))));
  return [...new Set([...optionsOf(text), ...found.flat()])];
}

describe('docs/reference/cli.md', () => {
  it('has the global options', async () => {
    expect(documented(page.split('\n## ')[0] ?? '').sort()).toEqual(optionsOf(await help()).sort());
  });

  it.each(commands)('has ctq %s with its options', async (command) => {
    const section = page.split('\n## ').find((text) => text.startsWith(`ctq ${command}\n`)) ?? '';
    expect(section, `a section "ctq ${command}"`).not.toBe('');
    expect(documented(section).sort()).toEqual((await optionsWithin(command)).sort());
  });

  it('has no command that is gone', () => {
    const sections = [...page.matchAll(/^## ctq (\w+)$/gm)].map(([, name = '']) => name);
    expect(sections.filter((name) => !commands.includes(name))).toEqual([]);
  });
});
