import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ConfigurationError } from '@ctq/runtime';

/**
 * The named function of a package, found from the first of the folders from which it can be: the app's, where strict layouts of node_modules have it.
 * @throws ConfigurationError with the command to type when the package is not installed there.
 */
export async function loadAdapter(
  packageName: string,
  exportName: string,
  folders: readonly string[],
): Promise<unknown> {
  const module = (await import(pathToFileURL(locate(packageName, folders)).href)) as Readonly<Record<string, unknown>>;
  const found = module[exportName];
  if (typeof found === 'function') return found;
  throw new ConfigurationError(
    'CTQ_ADAPTER_INVALID',
    `The package ${packageName} does not export a function '${exportName}'.`,
    {
      details: { package: packageName },
    },
  );
}

function locate(packageName: string, folders: readonly string[]): string {
  const failures: unknown[] = [];
  for (const folder of folders) {
    try {
      return createRequire(join(folder, 'package.json')).resolve(packageName);
    } catch (error) {
      if (!isMissing(error)) throw notLoaded(packageName, folder, `cannot be loaded from ${folder}.`, error);
      failures.push(error);
    }
  }
  const folder = folders[0] ?? '';
  throw notLoaded(packageName, folder, `is not installed in ${folder}. Run: npm install ${packageName}`, failures[0]);
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'MODULE_NOT_FOUND';
}

function notLoaded(packageName: string, folder: string, problem: string, cause: unknown): ConfigurationError {
  return new ConfigurationError('CTQ_ADAPTER_NOT_INSTALLED', `The package ${packageName} ${problem}`, {
    cause,
    details: { package: packageName, folder },
  });
}
