import { ConfigurationError, type Logger } from '@ctq/runtime';
import { fillIn, type ParseSettingsOptions, readSettings, warnOfIneffective } from './resolve-settings.js';
import type { Settings, SettingsInput } from './settings.js';
import type { SettingName } from './settings-table.js';

/**
 * Who said it, the weakest first (celery 5.6 app/base.py, _load_config): defaults that were added; configuration objects and modules; the program
 * itself, by the constructor or `conf`; whoever runs the program, by the command line. Within a layer the later word stands.
 */
export const settingsLayers = ['defaults', 'configured', 'changed', 'overridden'] as const;
export type SettingsLayer = (typeof settingsLayers)[number];

/** An old upper-case name that was used, and the setting that it means. */
export interface OldName {
  readonly old: string;
  readonly setting: SettingName;
}

/** The settings of one app: collected, readable at any time, fixed by their first use. */
export class Configuration {
  readonly #appName: string;
  readonly #layers: Record<SettingsLayer, Partial<Settings>> = {
    defaults: {},
    configured: {},
    changed: {},
    overridden: {},
  };
  readonly #lateDefaults: (() => SettingsInput)[] = [];
  readonly #oldNames = new Map<string, SettingName>();
  #current: Settings | undefined;
  #isInUse = false;

  constructor(appName: string) {
    this.#appName = appName;
  }

  get isInUse(): boolean {
    return this.#isInUse;
  }

  /**
   * Checks settings at once, and takes all of them or none.
   * @throws ConfigurationError as `parseSettings`, and when the settings are in use.
   */
  add(layer: SettingsLayer, settings: SettingsInput, options: ParseSettingsOptions): void {
    if (this.#isInUse) throw inUse(this.#appName);
    this.#take(layer, settings, options);
  }

  /** Defaults that are worked out when settings are first read. */
  addLateDefaults(settings: () => SettingsInput): void {
    if (this.#isInUse) throw inUse(this.#appName);
    this.#lateDefaults.push(settings);
    this.#current = undefined;
  }

  /** As they are now. */
  get current(): Settings {
    this.#current ??= fillIn(this.#given());
    return this.#current;
  }

  /** From now on they are in use and cannot change any more. */
  use(logger: Logger): Settings {
    const settings = this.current;
    if (!this.#isInUse) {
      this.#isInUse = true;
      warnOfIneffective(settings, logger);
    }
    return settings;
  }

  /** What was given, by whomever; not what is so by default. */
  get changes(): Partial<Settings> {
    const { current } = this;
    const names = Object.keys(this.#given()) as SettingName[];
    return Object.fromEntries(names.map((name) => [name, current[name]]));
  }

  get oldNames(): readonly OldName[] {
    this.#given();
    return [...this.#oldNames].map(([old, setting]) => ({ old, setting }));
  }

  #given(): Partial<Settings> {
    for (const settings of this.#lateDefaults.splice(0)) this.#takeLate(settings);
    return settingsLayers.reduce<Partial<Settings>>((below, layer) => ({ ...below, ...this.#layers[layer] }), {});
  }

  #takeLate(settings: () => SettingsInput): void {
    try {
      this.#take('defaults', settings(), { source: 'conf.addDefaults' });
    } catch (error) {
      // Reading the settings again must not find them without these.
      this.#lateDefaults.push(settings);
      throw error;
    }
  }

  #take(layer: SettingsLayer, settings: SettingsInput, options: ParseSettingsOptions): void {
    const read = readSettings(settings, options);
    this.#layers[layer] = { ...this.#layers[layer], ...read.settings };
    for (const [old, setting] of read.oldNames) this.#oldNames.set(old, setting);
    this.#current = undefined;
  }
}

function inUse(appName: string): ConfigurationError {
  return new ConfigurationError(
    'CTQ_SETTINGS_IN_USE',
    `The settings of app '${appName}' are in use and cannot change any more. Configure it before the first task is sent or a worker is made.`,
    { details: { app: appName } },
  );
}
