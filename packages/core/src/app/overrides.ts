import { ConfigurationError, type Logger } from '@ctq/runtime';
import type { Configuration } from '../config/configuration.js';
import type { SettingsInput } from '../config/settings.js';
import type { AppBroker } from './app-broker.js';
import type { BackendChoice } from './backend-choice.js';
import { type HandedOver, plainSettings } from './hand-over.js';
import type { LentLogger } from './lent-logger.js';
import { urlSettings } from './url-settings.js';

/** What the program that runs an app decides over the app's own word: the CLI's `-b`, `--result-backend`, `key=value`. */
export interface AppOverrides {
  readonly broker?: string;
  readonly backend?: string;
  /** Only until the settings are in use. */
  readonly settings?: SettingsInput;
  /** Where they come from, for messages. Default `override`. */
  readonly source?: string;
  /** For an app that has none of its own. */
  readonly logger?: Logger;
}

/** The parts of an app over which something can be decided. */
export interface OverriddenParts {
  readonly name: string;
  readonly configuration: Configuration;
  readonly broker: AppBroker;
  readonly backend: BackendChoice;
  /** Undefined for an app with a logger of its own. */
  readonly lent: LentLogger | undefined;
}

/** Carries out what is decided over an app's word, and remembers it for threads and processes that load the app again. */
export class Overrides {
  readonly #parts: OverriddenParts;
  #urls: Pick<AppOverrides, 'broker' | 'backend'> = {};

  constructor(parts: OverriddenParts) {
    this.#parts = parts;
  }

  /** @throws ConfigurationError once the app is connected; with settings, once they are in use. */
  apply(overrides: AppOverrides): void {
    const { name, configuration, broker, backend, lent } = this.#parts;
    const { settings = {}, source = 'override' } = overrides;
    if (Object.keys(settings).length > 0) configuration.add('overridden', settings, { source });
    if (broker.isInUse) {
      throw new ConfigurationError(
        'CTQ_SETTINGS_IN_USE',
        `App '${name}' is connected already; its broker cannot be replaced any more.`,
      );
    }
    if (overrides.broker !== undefined) broker.override(overrides.broker);
    if (overrides.backend !== undefined) backend.override(overrides.backend);
    if (!configuration.isInUse)
      configuration.add('overridden', urlSettings(overrides.broker, overrides.backend), { source });
    if (overrides.logger !== undefined) lent?.lend(overrides.logger);
    this.#urls = {
      ...this.#urls,
      ...(overrides.broker === undefined ? {} : { broker: overrides.broker }),
      ...(overrides.backend === undefined ? {} : { backend: overrides.backend }),
    };
  }

  handOver(): HandedOver {
    return { ...this.#urls, settings: plainSettings(this.#parts.configuration.changes) };
  }
}
