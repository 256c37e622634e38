import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { extname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { ConfigurationError, toError } from '@ctq/runtime';

/** A module of settings, by path, `file:` URL or package; one of its exports behind a colon, as in Celery's `module:attribute`. */
export interface ConfigTarget {
  readonly shown: string;
  /** Undefined when there is no such file. */
  readonly url: string | undefined;
  readonly exportName: string | undefined;
}

const extensions = ['.ts', '.mts', '.js', '.mjs', '.cjs', '.json'];

/** @param folder What relative paths are relative to, and where packages are looked for from. */
export function findConfigModule(given: string, folder: string): ConfigTarget {
  const [, module = given, exportName] = /^(.{2,}):([A-Za-z_$][\w$]*)$/.exec(given) ?? [];
  return { shown: given, url: locate(module, folder), exportName };
}

function locate(module: string, folder: string): string | undefined {
  if (module === '') throw new TypeError("A configuration module needs a name: './ctqconfig.js'.");
  if (!/^(?:\.{1,2}[\\/]|[\\/]|file:|[A-Za-z]:[\\/])/.test(module)) return locatePackage(module, folder);
  const path = module.startsWith('file:') ? fileURLToPath(module) : resolve(folder, module);
  const found = [path, ...extensions.map((extension) => path + extension)].find((file) => existsSync(file));
  return found === undefined ? undefined : pathToFileURL(found).href;
}

function locatePackage(name: string, folder: string): string | undefined {
  try {
    return pathToFileURL(createRequire(join(folder, 'package.json')).resolve(name)).href;
  } catch {
    return undefined;
  }
}

/**
 * The settings' object in a module that was found.
 * @throws ConfigurationError when the module throws, or exports nothing of that name.
 */
export async function importConfig(
  { shown, exportName }: ConfigTarget,
  url: string,
  importModule: (url: string) => Promise<unknown>,
): Promise<object> {
  const module = await read(shown, url, importModule);
  const found = exportName === undefined ? module : (module as Readonly<Record<string, unknown>>)[exportName];
  if (typeof found === 'object' && found !== null) return found;
  throw unusable(
    shown,
    exportName === undefined
      ? 'It holds no object of settings.'
      : `It exports no object '${exportName}', but ${Object.keys(module).join(', ') || 'nothing'}.`,
  );
}

async function read(shown: string, url: string, importModule: (url: string) => Promise<unknown>): Promise<object> {
  if (extname(url) === '.json') return readJson(shown, fileURLToPath(url));
  try {
    const module = await importModule(url);
    return typeof module === 'object' && module !== null ? module : {};
  } catch (thrown) {
    const error = toError(thrown);
    const isUnreadable = 'code' in error && error.code === 'ERR_UNKNOWN_FILE_EXTENSION';
    throw unusable(
      shown,
      isUnreadable
        ? "This Node.js does not load TypeScript. Import it where the program's own loader does: app.configFromObject(await import('./ctqconfig.ts'))."
        : error.message,
      error,
    );
  }
}

function readJson(shown: string, path: string): object {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    // The parser's own message quotes the text, in which passwords may be.
    throw unusable(shown, 'It is not valid JSON.');
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw unusable(shown, 'It holds no object of settings.');
}

export function missingConfig({ shown }: ConfigTarget, folder: string): ConfigurationError {
  return unusable(shown, `There is no such module, as seen from ${folder}.`);
}

function unusable(shown: string, reason: string, cause?: Error): ConfigurationError {
  return new ConfigurationError(
    'CTQ_BAD_CONFIG_MODULE',
    `The configuration module ${shown} cannot be used. ${reason}`,
    {
      details: { module: shown },
      ...(cause === undefined ? {} : { cause }),
    },
  );
}
