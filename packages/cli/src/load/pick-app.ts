import { Ctq } from '@ctq/core';
import { AppLoadError } from './app-load-error.js';

/** Names under which an app is looked for first (celery 5.6 app/utils.py, find_app). */
const usualNames = ['app', 'default', 'celery'];

export interface PickedApp {
  readonly app: Ctq;
  /** The export's name. */
  readonly name: string;
}

/** The app among a module's exports. @throws AppLoadError when there is none, or no telling which. */
export function pickApp(
  exports: Readonly<Record<string, unknown>>,
  module: string,
  wanted: string | undefined,
): PickedApp {
  if (wanted !== undefined) return named(exports, module, wanted);
  for (const name of usualNames) {
    const value = exports[name];
    if (Ctq.isInstance(value)) return { app: value, name };
  }
  const apps = Object.entries(exports).filter((entry): entry is [string, Ctq] => Ctq.isInstance(entry[1]));
  const [first, other] = apps.filter(([, app], index) => apps.findIndex(([, earlier]) => earlier === app) === index);
  if (first === undefined) {
    throw new AppLoadError(
      `The module ${module} exports no app. Export it: export const app = new Ctq('name'). ${exportsOf(exports)}`,
    );
  }
  if (other !== undefined) {
    throw new AppLoadError(
      `The module ${module} exports more than one app: ${first[0]} and ${other[0]}. Say which: -A ${module}:${first[0]}, or name one of them 'app'.`,
    );
  }
  return { app: first[1], name: first[0] };
}

function named(exports: Readonly<Record<string, unknown>>, module: string, name: string): PickedApp {
  const app = exports[name];
  if (Ctq.isInstance(app)) return { app, name };
  const problem =
    name in exports ? `The export ${name} of ${module} is not an app` : `The module ${module} has no export ${name}`;
  throw new AppLoadError(`${problem}. ${exportsOf(exports)}`);
}

function exportsOf(exports: Readonly<Record<string, unknown>>): string {
  const names = Object.keys(exports);
  return names.length === 0 ? 'It exports nothing.' : `It exports ${names.join(', ')}.`;
}
