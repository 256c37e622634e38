import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pythonWith } from '@ctq/test-services';

/** The folder of the programs. */
export const programs: string = fileURLToPath(new URL('../../python/', import.meta.url));

/** The interpreter of an environment with the packages of `requirements.txt`. */
export function pythonWithCelery(): Promise<string> {
  return pythonWith(join(programs, 'requirements.txt'));
}

/** Making the environment takes that long where nothing is cached. */
export const makingPythonMs = 180_000;
