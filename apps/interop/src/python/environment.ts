import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The folder of the programs. */
export const programs: string = fileURLToPath(new URL('../../python/', import.meta.url));
const cache = fileURLToPath(new URL('../../../../node_modules/.cache/ctq-python/', import.meta.url));

/**
 * The interpreter of an environment with the packages of `requirements.txt` from PyPI, made when it is not there.
 * @throws Error where there is no Python that can make one.
 */
export async function pythonWithCelery(): Promise<string> {
  const requirements = join(programs, 'requirements.txt');
  const hash = createHash('sha256')
    .update(await readFile(requirements))
    .digest('hex')
    .slice(0, 12);
  const environment = join(cache, hash);
  const interpreter = join(environment, 'bin', 'python');
  if (existsSync(interpreter)) return interpreter;
  const draft = `${environment}.${process.pid}`;
  await mkdir(dirname(draft), { recursive: true });
  try {
    await run('python3', ['-m', 'venv', draft]);
  } catch (cause) {
    throw new Error('There is no python3 with venv: install python3-venv.', { cause });
  }
  await run(join(draft, 'bin', 'python'), ['-m', 'pip', 'install', '--quiet', '--requirement', requirements]);
  // Its scripts name the folder that they were made in; the interpreter does not mind.
  await rename(draft, environment).catch(() => rm(draft, { recursive: true, force: true }));
  return interpreter;
}

/** Making the environment takes that long where nothing is cached. */
export const makingPythonMs = 180_000;
