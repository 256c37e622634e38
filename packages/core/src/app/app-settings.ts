import { ConfigurationError, type Logger } from '@ctq/runtime';
import type { Configuration } from '../config/configuration.js';
import type { Settings } from '../config/settings.js';
import type { AppSignals } from '../signals/signals.js';

export interface AppSettingsOptions {
  readonly name: string;
  readonly configuration: Configuration;
  readonly signals: AppSignals;
  readonly logger: Logger;
}

/** The settings of an app, fixed by their first use: receivers of `configuring` have their say before, those of `configured` are told. */
export class AppSettings {
  readonly #options: AppSettingsOptions;
  #values: Settings | undefined;
  #isConfiguring = false;

  constructor(options: AppSettingsOptions) {
    this.#options = options;
  }

  /** @throws ConfigurationError from within `configuring`, and as the configuration. */
  get values(): Settings {
    return this.#values ?? this.#read();
  }

  #read(): Settings {
    const { name, configuration, signals, logger } = this.#options;
    // What a receiver adds counts; what it reads would not be there yet.
    if (this.#isConfiguring)
      throw new ConfigurationError(
        'CTQ_SETTINGS_IN_USE',
        `The settings of app '${name}' are still being put together.`,
      );
    this.#isConfiguring = true;
    void signals.configuring.send(name, () => ({ sender: name }));
    this.#isConfiguring = false;
    const settings = configuration.use(logger);
    this.#values = settings;
    void signals.configured.send(name, () => ({ sender: name, settings }));
    return settings;
  }
}
