import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Ctq } from '@ctq/core';
import type { ClusterState, Shutter } from '@ctq/core/events';
import { toError } from '@ctq/runtime';
import { UsageError } from '../usage-error.js';

/** What the class of a camera is made with. */
export interface ShutterContext {
  readonly app: Ctq;
  readonly state: ClusterState;
}

/** Exports that are looked for where none is named. */
const usualNames = ['default', 'camera'];

/**
 * What takes pictures: the export of a module that is an object with `onShutter`, a class of such, which is given the state and the app, or a function that is given the state.
 * @param given path, relative to the working directory, and perhaps `:export`
 * @throws UsageError for anything else.
 */
export async function loadShutter(
  given: string,
  importModule: (url: string) => Promise<unknown>,
  context: ShutterContext,
): Promise<Shutter> {
  const [, path = given, name] = /^(.{2,}):([A-Za-z_$][\w$]*)$/.exec(given) ?? [];
  const exports = await importOf(path, given, importModule);
  const names = name === undefined ? usualNames : [name];
  for (const one of names) {
    const shutter = shutterOf(exports.get(one), context);
    if (shutter !== undefined) return shutter;
  }
  throw new UsageError(
    `--camera ${given}: the module exports no camera as ${names.join(' or ')}. That is a function of the state of the cluster, or an object with onShutter: export default { onShutter(state) { … } }.`,
  );
}

async function importOf(
  path: string,
  given: string,
  importModule: (url: string) => Promise<unknown>,
): Promise<ReadonlyMap<string, unknown>> {
  try {
    const module = await importModule(pathToFileURL(resolve(path)).href);
    return new Map(Object.entries(module ?? {}));
  } catch (error) {
    throw new UsageError(`--camera ${given} cannot be loaded: ${toError(error).message.split('\n', 1).join()}`);
  }
}

function shutterOf(value: unknown, { state, app }: ShutterContext): Shutter | undefined {
  if (isShutter(value)) return value;
  if (!isFunction(value)) return undefined;
  if (isShutter(value.prototype)) {
    const made: unknown = Reflect.construct(value, [state, app]);
    return isShutter(made) ? made : undefined;
  }
  return { onShutter: (one) => Reflect.apply(value, undefined, [one]) as unknown };
}

function isShutter(value: unknown): value is Shutter {
  return typeof value === 'object' && value !== null && 'onShutter' in value && isFunction(value.onShutter);
}

// biome-ignore lint/complexity/noBannedTypes: it is only passed on to Reflect.
function isFunction(value: unknown): value is Function {
  return typeof value === 'function';
}
