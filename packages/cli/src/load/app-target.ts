import { existsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { AppLoadError } from './app-load-error.js';

/** What `-A` says: a module, and perhaps which of its exports. */
export interface AppTarget {
  /** Absolute path of the file, or the name of a package. */
  readonly module: string;
  readonly isPackage: boolean;
  readonly exportName: string | undefined;
}

const extensions = ['.ts', '.mts', '.cts', '.js', '.mjs', '.cjs'];
/** In a folder: names that say what they hold before the one that may hold anything. */
const fileNames = ['celery', 'app', 'tasks', 'index'];

/**
 * Finds the module: a file with or without its extension, a folder with one of the usual files in it, Python's dotted form of either, or a
 * package (celery 5.6 app/utils.py, find_app).
 * @throws AppLoadError when there is nothing of the kind.
 */
export function findAppTarget(given: string, folder: string): AppTarget {
  const { path, exportName } = split(given);
  for (const candidate of [path, path.replaceAll('.', '/')]) {
    const file = findFile(resolve(folder, candidate));
    if (file !== undefined) return { module: file, isPackage: false, exportName };
  }
  if (isPackageName(path)) return { module: path, isPackage: true, exportName };
  throw notFound(given, path, folder);
}

export function notFound(given: string, path: string, folder: string): AppLoadError {
  return new AppLoadError(
    `The module ${path} was not found in ${folder}. Give the path of the file that exports the app (-A ./src/tasks.ts), of a folder with a file ` +
      `${fileNames.map((name) => `${name}.ts`).join(', ')} in it, or path:export.${given.includes(' ') ? ' A path with spaces needs quotes.' : ''}`,
  );
}

/** `path:export`; a drive letter is no path. */
function split(given: string): { readonly path: string; readonly exportName: string | undefined } {
  const match = /^(.{2,}):([A-Za-z_$][\w$]*)$/.exec(given);
  return match === null ? { path: given, exportName: undefined } : { path: match[1] ?? given, exportName: match[2] };
}

function findFile(path: string): string | undefined {
  if (existsSync(path) && statSync(path).isFile()) return path;
  const withExtension = withOneOf(path);
  if (withExtension !== undefined) return withExtension;
  if (!existsSync(path)) return undefined;
  for (const name of fileNames) {
    const found = withOneOf(join(path, name));
    if (found !== undefined) return found;
  }
  return undefined;
}

function withOneOf(path: string): string | undefined {
  return extensions.map((extension) => path + extension).find((file) => existsSync(file) && statSync(file).isFile());
}

function isPackageName(path: string): boolean {
  return /^(?:@[\w.-]+\/)?[\w-][\w.-]*(?:\/[\w./-]+)?$/.test(path);
}
