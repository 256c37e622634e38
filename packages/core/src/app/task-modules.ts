import { existsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ConfigurationError, type Logger, toError } from '@ctq/runtime';
import { importCycleAdvice } from './import-cycle.js';

const extensions = ['.ts', '.mts', '.js', '.mjs'];

export interface TaskModulesOptions {
  /** The app's folder: what relative paths are relative to. */
  readonly folder: () => string;
  /** Module specifiers of the settings `imports` and `include`, in their order. */
  readonly listed: () => readonly string[];
  /** Called before anything is imported. */
  readonly onImport: () => Promise<void>;
  readonly isRegistered: (taskName: string) => boolean;
  readonly appName: string;
  readonly logger: Logger;
}

interface Discovery {
  readonly folders: readonly string[] | (() => readonly string[]);
  readonly relatedName: string;
}

/** Modules whose import registers tasks. Loaded once, on a worker's demand; clients have no need of them. */
export class TaskModules {
  readonly #options: TaskModulesOptions;
  readonly #discoveries: Discovery[] = [];
  #loading: Promise<void> | undefined;

  constructor(options: TaskModulesOptions) {
    this.#options = options;
  }

  discover(folders: Discovery['folders'], relatedName = 'tasks'): void {
    this.#discoveries.push({ folders, relatedName });
  }

  /** @throws ConfigurationError for a module that is missing or throws; a folder without a task module is passed over, as in Celery. */
  load(importModule: (url: string) => Promise<unknown> = (url) => import(url)): Promise<void> {
    this.#loading ??= this.#loadAll(importModule);
    return this.#loading;
  }

  async #loadAll(importModule: (url: string) => Promise<unknown>): Promise<void> {
    await this.#options.onImport();
    const base = this.#options.folder();
    for (const specifier of this.#options.listed())
      await this.#import(specifier, locate(base, specifier), importModule);
    for (const { folders, relatedName } of this.#discoveries) {
      for (const folder of typeof folders === 'function' ? folders() : folders) {
        const found = findIn(resolve(base, folder), folder, relatedName);
        if (found !== undefined) await this.#import(found, pathToFileURL(found).href, importModule);
      }
    }
  }

  async #import(name: string, url: string, importModule: (url: string) => Promise<unknown>): Promise<void> {
    let exports: unknown;
    try {
      exports = await importModule(url);
    } catch (thrown) {
      const error = toError(thrown);
      const advice = importCycleAdvice(error);
      const problem = `The task module ${name} could not be imported: ${error.message}`;
      throw badModule(advice === undefined ? problem : `${problem}. ${advice}`, error);
    }
    this.#lookForStrangers(name, exports);
  }

  /** Tasks that nobody here will run: the module belongs to another app, which is often another copy of this one. */
  #lookForStrangers(name: string, exports: unknown): void {
    const { appName, isRegistered, logger } = this.#options;
    const strangers = taskNames(exports).filter((task) => !isRegistered(task));
    if (strangers.length === 0) return;
    logger.warn(
      { module: name, tasks: strangers },
      `The task module ${name} has ${strangers.join(', ')}, registered with another app than '${appName}' of this worker. ` +
        "If both are meant to be one, the app's module was imported twice, such as source and build: import it by one path everywhere.",
    );
  }
}

/** Names of the tasks among a module's exports. */
function taskNames(exports: unknown): readonly string[] {
  if (typeof exports !== 'object' || exports === null) return [];
  return Object.values(exports).flatMap((value: unknown) =>
    typeof value === 'function' && 'taskName' in value && typeof value.taskName === 'string' ? [value.taskName] : [],
  );
}

/** A relative or absolute path is a file; anything else is a package's name. */
function locate(base: string, specifier: string): string {
  return specifier.startsWith('.') || specifier.startsWith('/')
    ? pathToFileURL(resolve(base, specifier)).href
    : specifier;
}

function findIn(path: string, given: string, relatedName: string): string | undefined {
  const isFolder = existsSync(path) && statSync(path).isDirectory();
  if (isFolder)
    return extensions.map((extension) => join(path, relatedName + extension)).find((file) => existsSync(file));
  // Celery takes `shop.sms` for the module shop/sms/tasks, and people list the module.
  const isFile = ['', ...extensions].some((extension) => existsSync(path + extension));
  throw badModule(
    isFile
      ? `autodiscoverTasks was given ${given}, which is a file: it takes folders and looks for ${relatedName} in them. Name files in include.`
      : `autodiscoverTasks was given ${given}, but there is no folder ${path}.`,
  );
}

function badModule(message: string, cause?: Error): ConfigurationError {
  return new ConfigurationError('CTQ_TASK_MODULE', message, cause === undefined ? {} : { cause });
}
