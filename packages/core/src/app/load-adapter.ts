import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ConfigurationError } from '@ctq/runtime';

/**
 * The named function of a package, found from the app's folder, where strict layouts of node_modules have it.
 * @throws ConfigurationError with the command to type when the package is not installed there.
 */
export async function loadAdapter(packageName: string, exportName: string, folder: string): Promise<unknown> {
  const module = (await import(pathToFileURL(locate(packageName, folder)).href)) as Readonly<Record<string, unknown>>;
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

function locate(packageName: string, folder: string): string {
  try {
    return createRequire(join(folder, 'package.json')).resolve(packageName);
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'MODULE_NOT_FOUND';
    const problem = isMissing
      ? `is not installed in ${folder}. Run: npm install ${packageName}`
      : `cannot be loaded from ${folder}.`;
    throw new ConfigurationError('CTQ_ADAPTER_NOT_INSTALLED', `The package ${packageName} ${problem}`, {
      cause: error,
      details: { package: packageName, folder },
    });
  }
}
