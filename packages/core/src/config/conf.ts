import { inspect } from 'node:util';
import { censor, censored } from './censor.js';
import type { Configuration, OldName } from './configuration.js';
import type { Settings, SettingsInput } from './settings.js';
import { type SettingName, settingNames } from './settings-table.js';

/** What is shown of settings. */
export interface ShowSettingsOptions {
  /** All of them, not only those that were given. Default false. */
  readonly withDefaults?: boolean;
  /** Without secrets. Default true. */
  readonly censored?: boolean;
}

/**
 * The configuration of an app, Celery's `app.conf`: every setting is a member, read at any time, assigned until the first use (a task is sent, a worker is
 * made, a connection is opened). Values are in the form that ctq works with: durations in seconds, undefined for None.
 */
export type Conf = ConfMethods & { -readonly [K in SettingName]: Settings[K] };

export interface ConfMethods {
  /**
   * Changes several settings, in any spelling and form; all of them or none.
   * @throws ConfigurationError for names and values that are not known, and when the settings are in use.
   */
  update(settings: SettingsInput): void;
  /** Values for what nobody says otherwise; a function is called when settings are first read. */
  addDefaults(settings: SettingsInput | (() => SettingsInput)): void;
  /** Settings by name: those that were given. */
  table(options?: ShowSettingsOptions): Readonly<Record<string, unknown>>;
  /** The same as lines of `name: value`. */
  humanize(options?: ShowSettingsOptions): string;
  /** Celery's old upper-case names that were used. */
  oldNames(): readonly OldName[];
}

/** The members are on the prototype: an app costs one object, however many settings there are. */
class AppConf implements ConfMethods {
  readonly #configuration: Configuration;

  constructor(configuration: Configuration) {
    this.#configuration = configuration;
    // A misspelt assignment throws, where the compiler does not see it.
    Object.freeze(this);
  }

  static {
    for (const name of settingNames) {
      Object.defineProperty(this.prototype, name, {
        get(this: AppConf) {
          return this.#configuration.current[name];
        },
        set(this: AppConf, value: unknown) {
          // Assigning undefined unsets, as None does.
          this.#change({ [name]: value ?? null }, `conf.${name} = …`);
        },
      });
    }
  }

  update(settings: SettingsInput): void {
    this.#change(settings, 'conf.update');
  }

  addDefaults(settings: SettingsInput | (() => SettingsInput)): void {
    if (typeof settings === 'function') this.#configuration.addLateDefaults(settings);
    else this.#configuration.add('defaults', settings, { source: 'conf.addDefaults' });
  }

  table({
    withDefaults = false,
    censored: isCensored = true,
  }: ShowSettingsOptions = {}): Readonly<Record<string, unknown>> {
    const shown: Partial<Settings> = withDefaults ? this.#configuration.current : this.#configuration.changes;
    if (!isCensored) return { ...shown };
    return Object.fromEntries(Object.entries(shown).map(([name, value]) => [name, censor(name, value)]));
  }

  humanize(options: ShowSettingsOptions = {}): string {
    return Object.entries(this.table(options))
      .map(([name, value]) => `${name}: ${value === censored ? censored : shownInLine(value)}`)
      .join('\n');
  }

  oldNames(): readonly OldName[] {
    return this.#configuration.oldNames;
  }

  [inspect.custom](): string {
    return `Conf {\n${this.humanize()}\n}`;
  }

  #change(settings: SettingsInput, source: string): void {
    this.#configuration.add('changed', settings, { source });
  }
}

export function createConf(configuration: Configuration): Conf {
  return new AppConf(configuration) as unknown as Conf;
}

function shownInLine(value: unknown): string {
  return inspect(value, { depth: 6, breakLength: Number.POSITIVE_INFINITY, compact: true, customInspect: true });
}
