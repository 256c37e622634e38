import { inspect, isDeepStrictEqual } from 'node:util';
import { ConfigurationError, type Logger } from '@ctq/runtime';
import { censor, isSecretName } from './censor.js';
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

/** What an input says, and which of Celery's old upper-case names it uses to say it. */
export interface ReadSettings {
  readonly settings: Partial<Settings>;
  readonly oldNames: ReadonlyMap<string, SettingName>;
}

/**
 * Settings that were given, by camelCase name and in the form that ctq works with. `undefined` is not given.
 * @throws ConfigurationError for a name that is not known, a wrong value, two spellings that disagree, and settings that have no meaning here; one for
 * all of them.
 */
export function parseSettings(input: SettingsInput, options: ParseSettingsOptions = {}): Partial<Settings> {
  return readSettings(input, options).settings;
}

/** `parseSettings`, with more to know. */
export function readSettings(input: SettingsInput, options: ParseSettingsOptions = {}): ReadSettings {
  const { source = 'settings', namespace } = options;
  const parsed: Partial<Record<SettingName, unknown>> = {};
  const spelled: Partial<Record<SettingName, string>> = {};
  const oldNames = new Map<string, SettingName>();
  const problems: ConfigurationError[] = [];
  for (const [spelling, given] of Object.entries(input)) {
    if (given === undefined || (namespace !== undefined && !spelling.startsWith(`${namespace}_`))) continue;
    try {
      const name = findSetting(spelling, source, namespace);
      if (typeof name === 'object') {
        // None is how Python's configurations say that a setting is not used.
        if (given !== null) throw refusal(spelling, name.refusedBecause, source);
        continue;
      }
      const value = parseValue(settingsTable[name] as Setting<unknown>, given, options.fromText ?? false);
      if (value === mismatch) throw wrongValue(spelling, given, settingsTable[name].type.expected, source);
      const other = spelled[name];
      if (other !== undefined && !isDeepStrictEqual(parsed[name], value)) throw contradiction(other, spelling, source);
      parsed[name] = value;
      spelled[name] = spelling;
      if (namespace === undefined && settingsTable[name].old.includes(spelling)) oldNames.set(spelling, name);
    } catch (error) {
      if (!ConfigurationError.isInstance(error)) throw error;
      problems.push(error);
    }
  }
  throwAll(problems, source);
  return { settings: parsed as Partial<Settings>, oldNames };
}

/**
 * All settings: those given, later inputs over earlier ones, then defaults and fallbacks.
 * @throws ConfigurationError as `parseSettings`.
 */
export function resolveSettings(input: SettingsInput | readonly SettingsInput[]): Settings {
  const inputs: readonly SettingsInput[] = isList(input) ? input : [input];
  return fillIn(inputs.reduce<Partial<Settings>>((earlier, one) => ({ ...earlier, ...parseSettings(one) }), {}));
}

/** Tells in one line which settings have no effect yet. */
export function warnOfIneffective(settings: Settings, logger: Logger): void {
  const ineffective = ineffectiveSettings(settings);
  if (ineffective.length > 0) {
    logger.warn({ settings: ineffective }, `Settings without effect in this version: ${ineffective.join(', ')}.`);
  }
}

/** Settings that were given another value than their default but have no effect in this version. */
export function ineffectiveSettings(settings: Settings): readonly SettingName[] {
  return settingNames.filter((name) => {
    const row = settingsTable[name];
    return row.status === 'accepted' && !isDeepStrictEqual(settings[name], row.default);
  });
}

/** What was given, with defaults and fallbacks. */
export function fillIn(given: Partial<Settings>): Settings {
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

/** Whoever brings a configuration over from Celery is told of everything in it at once. */
function throwAll(problems: readonly ConfigurationError[], source: string): void {
  const [first, ...others] = problems;
  if (first === undefined) return;
  if (others.length === 0) throw first;
  const lines = problems.map(({ message }) => `- ${message.slice(`${source}: `.length)}`);
  throw new ConfigurationError(
    first.code,
    `${source}: ${problems.length} settings cannot be used.\n${lines.join('\n')}`,
    {
      cause: new AggregateError(problems, `${problems.length} settings cannot be used.`),
      details: { source, settings: problems.map(({ details }) => details['setting'] ?? details['settings']) },
    },
  );
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

/** Two names of one setting that disagree. */
export function contradiction(one: string, other: string, source: string): ConfigurationError {
  return new ConfigurationError(
    'CTQ_SETTING_CONTRADICTION',
    `${source}: '${one}' and '${other}' are two names of one setting, with different values. Keep one of them.`,
    { details: { settings: [one, other], source } },
  );
}

/** Values that may hold a password are not shown. */
function show(spelling: string, given: unknown): string {
  if (/url|backend|options|ssl/i.test(spelling) || isSecretName(spelling)) return `a ${typeof given}`;
  const shown = inspect(censor(spelling, given), { breakLength: Number.POSITIVE_INFINITY });
  return shown.length > 80 ? `${shown.slice(0, 80)}…` : shown;
}
