import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ConfigurationError, toError } from '@ctq/runtime';

const moduleNames = ['tasks.ts', 'tasks.mts', 'tasks.js', 'tasks.mjs'];

export interface TaskModulesOptions {
  /** The app's folder: what relative paths are relative to. */
  readonly folder: () => string;
  /** Module specifiers of the settings `imports` and `include`, in their order. */
  readonly listed: () => readonly string[];
  /** Called before anything is imported. */
  readonly onImport: () => Promise<void>;
}

/** Modules whose import registers tasks. Loaded once, on a worker's demand; clients have no need of them. */
export class TaskModules {
  readonly #options: TaskModulesOptions;
  readonly #folders: string[] = [];
  #loading: Promise<void> | undefined;

  constructor(options: TaskModulesOptions) {
    this.#options = options;
  }

  discover(folders: readonly string[]): void {
    this.#folders.push(...folders);
  }

  /** @throws ConfigurationError for a module that is missing or throws; a folder without a task module is passed over, as in Celery. */
  load(importModule: (url: string) => Promise<unknown> = (url) => import(url)): Promise<void> {
    this.#loading ??= this.#loadAll(importModule);
    return this.#loading;
  }

  async #loadAll(importModule: (url: string) => Promise<unknown>): Promise<void> {
    await this.#options.onImport();
    const base = this.#options.folder();
    for (const specifier of this.#options.listed()) await importNamed(specifier, locate(base, specifier), importModule);
    for (const folder of this.#folders) {
      const found = moduleNames.map((name) => join(resolve(base, folder), name)).find((path) => existsSync(path));
      if (found !== undefined) await importNamed(found, pathToFileURL(found).href, importModule);
    }
  }
}

/** A relative or absolute path is a file; anything else is a package's name. */
function locate(base: string, specifier: string): string {
  return specifier.startsWith('.') || specifier.startsWith('/')
    ? pathToFileURL(resolve(base, specifier)).href
    : specifier;
}

async function importNamed(name: string, url: string, importModule: (url: string) => Promise<unknown>): Promise<void> {
  try {
    await importModule(url);
  } catch (thrown) {
    const error = toError(thrown);
    throw new ConfigurationError('CTQ_TASK_MODULE', `The task module ${name} could not be imported: ${error.message}`, {
      cause: error,
    });
  }
}
