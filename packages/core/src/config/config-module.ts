import { types } from 'node:util';
import type { SettingsInput } from './settings.js';

/**
 * Settings out of an object, or out of a module: its named exports, and over them the members of a default export. What Python's configuration modules
 * have beside settings (imports, helpers) is an error here: a misspelt setting looks the same.
 */
export function settingsOf(given: object): SettingsInput {
  if (!isModule(given)) return given;
  // Interoperation of module systems; nobody wrote them.
  const { default: main, __esModule: _, 'module.exports': __, ...named } = given as Readonly<Record<string, unknown>>;
  return typeof main === 'object' && main !== null ? { ...named, ...main } : named;
}

function isModule(given: object): boolean {
  return types.isModuleNamespaceObject(given) || '__esModule' in given || isLoadedModule(given);
}

/** As loaders of TypeScript give them: an object whose `default` is an object. No setting is called so. */
function isLoadedModule(given: object): boolean {
  return 'default' in given && typeof given.default === 'object';
}
