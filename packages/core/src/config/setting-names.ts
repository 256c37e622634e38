import { ConfigurationError, nearestName } from '@ctq/runtime';
import { type SettingName, settingNames, settingsTable } from './settings-table.js';
import { refusedSettings } from './table/refused-settings.js';

/** `task_acks_late` of `taskAcksLate`. */
export function snakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** `taskAcksLate` of `task_acks_late`. */
export function camelCase(name: string): string {
  return name.replaceAll(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

const current = new Map<string, SettingName>(
  settingNames.flatMap((name) =>
    [name, snakeCase(name), ...settingsTable[name].old].map((spelling) => [spelling, name] as const),
  ),
);

const refused = new Map<string, string>(
  refusedSettings.flatMap(({ reason, names }) =>
    names.flatMap((name) => [name, camelCase(name), name.toUpperCase()].map((spelling) => [spelling, reason] as const)),
  ),
);

/** The setting that is meant by a name in any of its spellings, or why ctq does not have it. */
export function findSetting(
  spelling: string,
  source: string,
  namespace?: string,
): SettingName | { readonly refusedBecause: string } {
  const prefix = namespace === undefined ? '' : `${namespace}_`;
  const wanted = namespace === undefined ? spelling : spelling.slice(prefix.length).toLowerCase();
  const name = current.get(wanted);
  if (name !== undefined) return name;
  const reason = refused.get(wanted);
  if (reason !== undefined) return { refusedBecause: reason };
  const known = spellingsLike(wanted);
  const nearest = known.find((one) => wordsOf(one) === wordsOf(wanted)) ?? nearestName(wanted, known);
  const meant = nearest === undefined || namespace === undefined ? nearest : `${prefix}${nearest.toUpperCase()}`;
  const hint = meant === undefined ? 'The reference page of the settings lists them all.' : `Did you mean '${meant}'?`;
  throw new ConfigurationError('CTQ_UNKNOWN_SETTING', `${source}: there is no setting '${spelling}'. ${hint}`, {
    details: { setting: spelling, source, ...(meant === undefined ? {} : { nearest: meant }) },
  });
}

/** The same for `backend_result` and `result_backend`. */
function wordsOf(name: string): string {
  const snake = name === name.toUpperCase() ? name.toLowerCase() : snakeCase(name);
  return snake.split('_').sort().join(' ');
}

/** Names in the style that the author writes. */
function spellingsLike(spelling: string): readonly string[] {
  const names = [...current.keys()];
  if (spelling === spelling.toUpperCase()) return names.filter((name) => name === name.toUpperCase());
  return names.filter((name) => name !== name.toUpperCase() && name.includes('_') === spelling.includes('_'));
}
