import { describe, expect, it } from 'vitest';
import { checkAmbientEffects } from './ambient-effects.js';

const check = (path: string, text: string): string[] =>
  checkAmbientEffects([{ path, text }]).map(({ line, message }) => `${line} ${message}`);

describe('ambient effects', () => {
  it.each([
    ['process.env.HOME', 'environment'],
    ["process?.env['HOME']", 'environment'],
    ['const { env } = process;', 'environment'],
    ["import { env } from 'node:process';", 'environment'],
    ["process.on('SIGTERM', stop)", 'process-wide'],
    ["process.once('unhandledRejection', stop)", 'process-wide'],
    ['process.stdout.write(text)', 'terminal'],
    ['console.info(text)', 'terminal'],
    ['process.exit(1)', 'ends the process'],
    ['process.exitCode = 1', 'ends the process'],
  ])('finds %s in a library', (code, advice) => {
    expect(check('packages/worker/src/worker.ts', `\n${code}`)).toEqual([expect.stringMatching(`^2 .*${advice}`)]);
  });

  it('leaves messages between processes, children, comments and strings alone', () => {
    const text = [
      "process.on('message', receive);",
      'child.stdout.on("data", collect);',
      '// reads process.env',
      "throw new Error('set process.env.NAME or call process.exit()');",
    ].join('\n');
    expect(check('packages/worker/src/pool/child.ts', text)).toEqual([]);
  });

  it('lets the CLI do all of it, and one file of core read its two URLs', () => {
    expect(check('packages/cli/src/bin.ts', 'process.exit(Number(process.env.CODE));')).toEqual([]);
    expect(check('packages/core/src/app/environment.ts', 'process.env.CTQ_BROKER_URL')).toEqual([]);
    expect(check('packages/core/src/app/environment.ts', 'process.exit()')).toHaveLength(1);
    expect(check('packages/core/src/app/app.ts', 'process.env.CTQ_BROKER_URL')).toHaveLength(1);
  });
});
