import type { AppLocator, Ctq } from '@ctq/core';
import { loadLocated } from './load-app.js';

/** How threads and processes of a worker's pool load an app that the CLI has loaded: by the same loader, TypeScript included. */
export async function loadApp(
  locator: AppLocator,
): Promise<{ readonly app: Ctq; readonly importModule: (url: string) => Promise<unknown> }> {
  const { app, loader } = await loadLocated(locator);
  return { app, importModule: (url) => loader.import(url) };
}
