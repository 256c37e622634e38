// What every root script needs before it can do its work: the repository's paths, child processes whose outcome is a value,
// and an installed, built workspace. Plain Node without dependencies, so that it runs in a clean checkout.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../..', import.meta.url));
export const tooling = join(root, 'apps/tooling');

const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** The pinned pnpm, without a global installation. */
export const pnpm = ['npx', '--yes', packageManager];

/**
 * Runs a command from the repository root, with the workspace's binaries on PATH.
 * Resolves with its exit code and, unless `inherit` is set, everything it printed; it never rejects.
 *
 * @param {string[]} command
 * @param {{ cwd?: string, env?: Record<string, string>, inherit?: boolean }} [options]
 * @returns {Promise<{ code: number, output: string }>}
 */
export function run([program, ...args], { cwd = root, env = {}, inherit = false } = {}) {
  const PATH = [join(root, 'node_modules/.bin'), process.env.PATH].join(delimiter);
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd,
      env: { ...process.env, TURBO_TELEMETRY_DISABLED: '1', ...(inherit ? {} : { NO_COLOR: '1' }), ...env, PATH },
      stdio: inherit ? 'inherit' : ['ignore', 'pipe', 'pipe'],
      shell: process.platform === 'win32',
    });
    let output = '';
    child.stdout?.on('data', (chunk) => (output += chunk));
    child.stderr?.on('data', (chunk) => (output += chunk));
    child.on('error', (error) => resolve({ code: 127, output: `${program}: ${error.message}` }));
    child.on('close', (code) => resolve({ code: code ?? 1, output }));
  });
}

/** Installs the locked dependencies when node_modules is missing or belongs to another lockfile. */
export async function ensureInstalled() {
  const stamp = join(root, 'node_modules/.ctq-installed');
  const wanted = createHash('sha256');
  for (const file of ['pnpm-lock.yaml', 'pnpm-workspace.yaml']) wanted.update(readFileSync(join(root, file)));
  const digest = wanted.digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) return;

  process.stderr.write('Installing dependencies…\n');
  const flags = ['install', '--frozen-lockfile', '--config.confirmModulesPurge=false'];
  const { code, output } = await run([...pnpm, ...flags]);
  if (code !== 0) throw new Error(`The dependencies could not be installed.\n${output}`);
  writeFileSync(stamp, digest);
}

/** Compiles every package and app that changed. Returns the compiler's outcome: it emits even where types are wrong. */
export async function build() {
  await ensureInstalled();
  return run(['tsc', '-b', join(tooling, 'tsconfig.solution.json'), '--pretty', 'false']);
}

/** The workspace installed and compiled, or an error that carries the compiler's findings. */
export async function ensureBuilt() {
  const { code, output } = await build();
  if (code !== 0) throw new Error(`The build failed.\n${output}`);
}

/** Runs a script's main function; a rejection is printed without a stack and becomes exit code 1. */
export function main(body) {
  body().then(
    (code) => (process.exitCode = code ?? 0),
    (error) => {
      process.stderr.write(`${error.message}\n`);
      process.exitCode = 1;
    },
  );
}
