import { relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type AppLocator, type Ctq, importCycleAdvice } from '@ctq/core';
import { toError } from '@ctq/runtime';
import { AppLoadError } from './app-load-error.js';
import { findAppTarget, notFound } from './app-target.js';
import { createModuleLoader, type ModuleLoader } from './module-loader.js';
import { pickApp } from './pick-app.js';
import { ownFrames } from './own-frames.js';

export interface LoadedApp {
  readonly app: Ctq;
  readonly locator: AppLocator;
  /** For the app's other modules: they are loaded like the first one. */
  readonly loader: ModuleLoader;
}

/**
 * Loads the app of `-A` and tells it where it came from.
 * @param given A TypeScript or JavaScript file, a folder, a package, or one of them with `:export`.
 * @throws AppLoadError saying what was looked for, what was found, and what to do.
 */
export async function loadApp(given: string, folder: string): Promise<LoadedApp> {
  const target = findAppTarget(given, folder);
  const from = target.isPackage ? pathToFileURL(`${folder}/`).href : target.module;
  const loader = createModuleLoader(from);
  const url = target.isPackage ? loader.resolve(target.module) : pathToFileURL(target.module).href;
  if (url === undefined) throw notFound(given, target.module, folder);
  return await importApp(url, target.exportName, loader, folder);
}

/** Loads an app again from where it was loaded first: in threads and child processes. */
export async function loadLocated(locator: AppLocator): Promise<LoadedApp> {
  return await importApp(locator.url, locator.export, createModuleLoader(locator.url), process.cwd());
}

async function importApp(
  url: string,
  exportName: string | undefined,
  loader: ModuleLoader,
  folder: string,
): Promise<LoadedApp> {
  const path = fileURLToPath(url);
  const shown = relative(folder, path).startsWith('..') ? path : `./${relative(folder, path)}`;
  let exports: Readonly<Record<string, unknown>>;
  try {
    exports = await loader.import(url);
  } catch (thrown) {
    throw importFailed(shown, toError(thrown));
  }
  const { app, name } = pickApp(exports, shown, exportName);
  const locator = { url, export: name, loader: new URL('./slot-loader.js', import.meta.url).href };
  app.locate(locator);
  return { app, locator, loader };
}

function importFailed(module: string, error: Error): AppLoadError {
  const advice =
    'code' in error && (error.code === 'ERR_MODULE_NOT_FOUND' || error.code === 'MODULE_NOT_FOUND')
      ? 'Install the package or correct the path that it imports.'
      : (importCycleAdvice(error) ??
        'This is the error of the module itself, or of one that it imports: correct it there.');
  return new AppLoadError(
    `While trying to load the module ${module} the following error occurred:\n${ownFrames(error)}\n${advice}`,
    { cause: error },
  );
}
