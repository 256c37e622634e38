import { type Connection, type ConnectionChange, openConnection } from '@ctq/messaging';
import type { Transport } from '@ctq/messaging/transport';
import { type Clock, type Logger, toError } from '@ctq/runtime';
import type { Settings } from '../config/settings.js';
import type { AdapterResolver, ResolvedTransport } from './adapters.js';
import { brokerDefaults } from './adapter-defaults.js';
import type { ConnectionPurpose } from './connection-purpose.js';
import { failoverStrategy } from './broker-failover.js';
import { urlOfHost } from './broker-urls.js';

/** A move of one of the app's connections. */
export interface AppConnectionChange extends ConnectionChange {
  readonly purpose: ConnectionPurpose;
}

/** A broker as it is given to an app: a URL or a transport, or several addresses of one broker. */
export type BrokerOption = string | Transport | readonly (string | Transport)[];

export interface AppBrokerOptions {
  readonly given: BrokerOption | undefined;
  readonly settings: () => Settings;
  readonly resolver: () => AdapterResolver;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The app's broker: which transports its connections are made over, and how. */
export class AppBroker {
  readonly #options: AppBrokerOptions;
  readonly #listeners = new Set<(change: AppConnectionChange) => void>();
  /** By what they were made of: both purposes share what is the same. */
  readonly #made = new Map<BrokerOption | undefined, Promise<readonly ResolvedTransport[]>>();
  #override: string | undefined;

  constructor(options: AppBrokerOptions) {
    this.#options = options;
  }

  /** The program named one, be it by a setting. */
  get isNamed(): boolean {
    return this.#brokerFor('consume') !== undefined || this.#brokerFor('publish') !== undefined;
  }

  get isInUse(): boolean {
    return this.#made.size > 0;
  }

  /** Another broker for everything. */
  override(url: string): void {
    this.#override = url;
  }

  async transports(purpose: ConnectionPurpose): Promise<readonly Transport[]> {
    return (await this.#resolve(purpose)).map(({ transport }) => transport);
  }

  /** A connection of its own. The caller closes it. */
  async connect(purpose: ConnectionPurpose): Promise<Connection> {
    const { settings, clock, logger } = this.#options;
    const resolved = await this.#resolve(purpose);
    const { brokerConnectionRetry, brokerConnectionRetryOnStartup, brokerConnectionMaxRetries, ...more } = settings();
    const connection = openConnection({
      transport: resolved.map(({ transport }) => transport),
      failoverStrategy: failoverStrategy(
        more.brokerFailoverStrategy,
        resolved.map(({ url }) => url),
      ),
      clock,
      logger,
      retry: {
        maxRetries: brokerConnectionRetry ? brokerConnectionMaxRetries : 0,
        maxRetriesOnStartup: (brokerConnectionRetryOnStartup ?? brokerConnectionRetry) ? brokerConnectionMaxRetries : 0,
      },
      connectTimeoutMs: limitMs(more.brokerConnectionTimeout),
      publishTimeoutMs: limitMs(more.brokerPublishTimeout),
    });
    connection.onStateChange((change) => {
      for (const listener of [...this.#listeners]) this.#tell(listener, { ...change, purpose });
    });
    return connection;
  }

  onConnectionChange(listener: (change: AppConnectionChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #tell(listener: (change: AppConnectionChange) => void, change: AppConnectionChange): void {
    try {
      listener(change);
    } catch (error) {
      this.#options.logger.error({ err: toError(error) }, 'A listener of the connections of an app threw');
    }
  }

  #brokerFor(purpose: ConnectionPurpose): BrokerOption | undefined {
    const settings = this.#options.settings();
    const own = purpose === 'consume' ? settings.brokerReadUrl : settings.brokerWriteUrl;
    const { given } = this.#options;
    return this.#override ?? own ?? given ?? settings.brokerUrl ?? urlOfHost(settings.brokerHost, settings);
  }

  #resolve(purpose: ConnectionPurpose): Promise<readonly ResolvedTransport[]> {
    const broker = this.#brokerFor(purpose);
    const found = this.#made.get(broker);
    if (found !== undefined) return found;
    const made = this.#make(broker);
    this.#made.set(broker, made);
    return made;
  }

  async #make(broker: BrokerOption | undefined): Promise<readonly ResolvedTransport[]> {
    if (broker === undefined || typeof broker === 'string') return await this.#ofText(broker);
    if (!isList(broker)) {
      if (this.#options.settings().brokerUseSsl !== false)
        this.#options.logger.warn(
          {},
          'brokerUseSsl has no effect on a broker that was given as an object: give it its own option',
        );
      return [{ url: broker.url, transport: broker }];
    }
    // A text of several is several; a host alone follows the text before it.
    if (broker.every((one) => typeof one === 'string')) return await this.#ofText(broker.join(';'));
    const made = await Promise.all(broker.map((one) => this.#make(one)));
    return made.flat();
  }

  #ofText(text: string | undefined): Promise<readonly ResolvedTransport[]> {
    const settings = this.#options.settings();
    const { brokerTransportOptions: options } = settings;
    return this.#options.resolver().transports(text, { options, defaults: brokerDefaults(settings), parts: settings });
  }
}

function isList(broker: Transport | readonly (string | Transport)[]): broker is readonly (string | Transport)[] {
  return Array.isArray(broker);
}

/** Of seconds; none and 0 are no limit. */
function limitMs(seconds: number | undefined): number {
  return seconds === undefined || seconds === 0 ? Number.POSITIVE_INFINITY : seconds * 1_000;
}
