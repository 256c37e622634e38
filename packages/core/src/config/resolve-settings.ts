import { isDeepStrictEqual } from 'node:util';
import { ConfigurationError, type Logger } from '@ctq/runtime';
import { mismatch, type Setting } from './setting.js';
import { findSetting } from './setting-names.js';
import type { Settings, SettingsInput } from './settings.js';
import { type SettingName, settingNames, settingsTable } from './settings-table.js';

export interface ParseSettingsOptions {
  /** Where the settings come from, for messages: `ctq.config.ts`, `new Ctq(…)`. */
  readonly source?: string;
  /** Values are texts, from the environment or a command line: '8' is a number and 'yes' is true. */
  readonly fromText?: boolean;
  /**
   * Reads only names that begin with it and an underscore, in upper case: with `CELERY`, `CELERY_TASK_ACKS_LATE` is `task_acks_late` (celery 5.6
   * app/utils.py, detect_settings). For settings that share an object with others'.
   */
  readonly namespace?: string;
}

export interface ResolveSettingsOptions extends ParseSettingsOptions {
  /** Told in one line which settings have no effect yet. */
  readonly logger?: Logger;
}

/**
 * Settings that were given, by camelCase name and in the form that ctq works with. `undefined` is not given.
 * @throws ConfigurationError for a name that is not known, a wrong value, two spellings that disagree, and settings that have no meaning here.
 */
export function parseSettings(input: SettingsInput, options: ParseSettingsOptions = {}): Partial<Settings> {
  const { source = 'settings', fromText = false, namespace } = options;
  const parsed: Partial<Record<SettingName, unknown>> = {};
  const spelled: Partial<Record<SettingName, string>> = {};
  for (const [spelling, given] of Object.entries(input)) {
    if (given === undefined || (namespace !== undefined && !spelling.startsWith(`${namespace}_`))) continue;
    const name = findSetting(spelling, source, namespace);
    if (typeof name === 'object') {
      // None is how Python's configurations say that a setting is not used.
      if (given !== null) throw refusal(spelling, name.refusedBecause, source);
      continue;
    }
    const value = parseValue(settingsTable[name] as Setting<unknown>, given, fromText);
    if (value === mismatch) throw wrongValue(spelling, given, settingsTable[name].type.expected, source);
    const other = spelled[name];
    if (other !== undefined && !isDeepStrictEqual(parsed[name], value)) throw contradiction(other, spelling, source);
    parsed[name] = value;
    spelled[name] = spelling;
  }
  return parsed as Partial<Settings>;
}

/**
 * All settings: those given, later inputs over earlier ones, then defaults and fallbacks.
 * @throws ConfigurationError as `parseSettings`.
 */
export function resolveSettings(
  input: SettingsInput | readonly SettingsInput[],
  options: ResolveSettingsOptions = {},
): Settings {
  const inputs: readonly SettingsInput[] = isList(input) ? input : [input];
  const given = inputs.reduce<Partial<Settings>>(
    (earlier, one) => ({ ...earlier, ...parseSettings(one, options) }),
    {},
  );
  const settings = fillIn(given);
  const ineffective = ineffectiveSettings(settings);
  if (ineffective.length > 0) {
    options.logger?.warn(
      { settings: ineffective },
      `Settings without effect in this version: ${ineffective.join(', ')}.`,
    );
  }
  return settings;
}

/** Settings that were given another value than their default but have no effect in this version. */
export function ineffectiveSettings(settings: Settings): readonly SettingName[] {
  return settingNames.filter((name) => {
    const row = settingsTable[name];
    return row.status === 'accepted' && !isDeepStrictEqual(settings[name], row.default);
  });
}

function fillIn(given: Partial<Settings>): Settings {
  const defaults = Object.fromEntries(settingNames.map((name) => [name, settingsTable[name].default]));
  const settings = { ...defaults, ...given } as Settings;
  const localZone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return Object.freeze({
    ...settings,
    // Celery 5.6 app/utils.py, Settings: the names of the default queue, and accept_content, stand in for what is unset.
    taskDefaultExchange: given.taskDefaultExchange ?? settings.taskDefaultQueue,
    taskDefaultRoutingKey: given.taskDefaultRoutingKey ?? settings.taskDefaultQueue,
    resultAcceptContent: given.resultAcceptContent ?? settings.acceptContent,
    timezone: given.timezone ?? (settings.enableUtc ? 'UTC' : localZone),
    // Celery: None and 0 are for ever.
    resultExpires: settings.resultExpires === 0 ? undefined : settings.resultExpires,
  });
}

function parseValue(setting: Setting<unknown>, given: unknown, fromText: boolean): unknown {
  const { type } = setting;
  return fromText && typeof given === 'string' && type.parseText !== undefined
    ? type.parseText(given)
    : type.parse(given);
}

function isList(input: SettingsInput | readonly SettingsInput[]): input is readonly SettingsInput[] {
  return Array.isArray(input);
}

function refusal(spelling: string, reason: string, source: string): ConfigurationError {
  return new ConfigurationError(
    'CTQ_SETTING_REFUSED',
    `${source}: ctq does not have Celery's setting '${spelling}'. ${reason}`,
    {
      details: { setting: spelling, source },
    },
  );
}

function wrongValue(spelling: string, given: unknown, expected: string, source: string): ConfigurationError {
  return new ConfigurationError(
    'CTQ_SETTING_INVALID',
    `${source}: '${spelling}' is ${show(spelling, given)}, expected ${expected}.`,
    {
      details: { setting: spelling, source, expected },
    },
  );
}

function contradiction(one: string, other: string, source: string): ConfigurationError {
  return new ConfigurationError(
    'CTQ_SETTING_CONTRADICTION',
    `${source}: '${one}' and '${other}' are two names of one setting, with different values. Keep one of them.`,
    { details: { settings: [one, other], source } },
  );
}

/** Values that may hold a password are not shown. */
function show(spelling: string, given: unknown): string {
  if (/url|backend|password|secret|key|token|options|credential/i.test(spelling)) return `a ${typeof given}`;
  const text = typeof given === 'string' ? `'${given}'` : (JSON.stringify(given) ?? String(given));
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
