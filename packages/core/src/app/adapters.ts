import { memoryTransport } from '@ctq/messaging';
import type { Transport } from '@ctq/messaging/transport';
import { ConfigurationError, type Logger, nearestName } from '@ctq/runtime';
import { disabledBackend } from '../backend/disabled-backend.js';
import { memoryBackend } from '../backend/memory-backend.js';
import type { ResultBackend } from '../backend/result-backend.js';
import { type CreateBackend, type CreateTransport, knownSchemes, type SchemeRegistration } from './adapter-schemes.js';
import { type BrokerParts, brokerUrls } from './broker-urls.js';
import { embeddedLocation, prepareEmbeddedLocation } from './embedded-location.js';
import { type Environment, readEnvironment } from './environment.js';
import { loadAdapter } from './load-adapter.js';

export type { SchemeRegistration } from './adapter-schemes.js';

/** Makes transports and result backends of URLs, for one app. */
export interface AdapterResolver {
  /**
   * @param url Undefined for the environment's, or the embedded file.
   * @throws ConfigurationError when the scheme is not known or its package not installed.
   */
  transport(url: string | undefined, options?: Options, defaults?: DefaultsOf): Promise<Transport>;
  /** One for each of the URLs that are in the text. */
  transports(text: string | undefined, how: TransportsOptions): Promise<readonly ResolvedTransport[]>;
  /** @param url Undefined for the environment's; else the embedded file where the queues are there too, and no backend where they are not. */
  backend(url: string | undefined, options?: Options, defaults?: DefaultsOf): Promise<ResultBackend>;
}

/** Options that stand behind a URL and its options, by the URL's scheme. */
export type DefaultsOf = (scheme: string) => Options;

export interface TransportsOptions {
  readonly options: Options;
  readonly defaults: DefaultsOf;
  /** What stands in for the parts that a URL lacks. */
  readonly parts: BrokerParts;
}

/** A transport with the URL that it was made of, in which its password is. */
export interface ResolvedTransport {
  readonly url: string;
  readonly transport: Transport;
}

export interface AdapterResolverOptions {
  /** The app's folder: adapter packages and the embedded file are looked for from here. */
  readonly folder: string;
  /** Where adapter packages are looked for as well: the folder of the program that was started. */
  readonly otherFolders?: readonly string[];
  /** The app was given a broker, as an object or a URL. */
  readonly isBrokerNamed: boolean;
  readonly logger?: Logger;
  /** Schemes of third parties; they win over the built-in ones. */
  readonly schemes?: Readonly<Record<string, SchemeRegistration>>;
  readonly environment?: Environment;
}

type Options = Readonly<Record<string, unknown>>;
type Role = 'transport' | 'backend';

export function createAdapterResolver(options: AdapterResolverOptions): AdapterResolver {
  const { folder, logger, environment = readEnvironment() } = options;
  const schemes = new Map<string, SchemeRegistration>([
    ...Object.entries(builtInSchemes),
    ...Object.entries(knownSchemes),
    ...Object.entries(options.schemes ?? {}),
  ]);
  const hasBroker = options.isBrokerNamed || environment.brokerUrl !== undefined;
  let embedded: string | undefined;
  const embeddedUrl = (): string => {
    if (embedded === undefined) {
      const location = embeddedLocation(folder);
      prepareEmbeddedLocation(location, environment.isProduction);
      logger?.info({ path: location.path }, `No broker is configured: queues and results are in ${location.path}.`);
      embedded = location.url;
    }
    return embedded;
  };

  const create = async (role: Role, url: string, adapterOptions: Options, defaults: DefaultsOf): Promise<unknown> => {
    const registered = registrationOf(role, url, schemes);
    const load = role === 'transport' ? 'createTransport' : 'createBackend';
    const made =
      typeof registered === 'string'
        ? await loadAdapter(registered, load, [folder, ...(options.otherFolders ?? [])])
        : registered;
    return (made as CreateTransport | CreateBackend)(url, adapterOptions, defaults(schemeOf(url)));
  };

  const resolver: AdapterResolver = {
    async transport(url = environment.brokerUrl ?? embeddedUrl(), adapterOptions = {}, defaults = none) {
      return (await create('transport', url, adapterOptions, defaults)) as Transport;
    },
    async transports(text = environment.brokerUrl, { options: adapterOptions, defaults, parts }) {
      // The embedded file's own URL is nobody's to complete.
      const urls = text === undefined ? [embeddedUrl()] : brokerUrls(text, parts);
      return await Promise.all(
        urls.map(async (url) => ({ url, transport: await resolver.transport(url, adapterOptions, defaults) })),
      );
    },
    async backend(given, adapterOptions = {}, defaults = none) {
      const url = given ?? environment.resultBackend ?? (hasBroker ? 'disabled://' : embeddedUrl());
      return (await create('backend', url, adapterOptions, defaults)) as ResultBackend;
    },
  };
  return resolver;
}

const none = (): Options => ({});

const builtInSchemes: Readonly<Record<string, SchemeRegistration>> = {
  memory: { transport: () => memoryTransport(), backend: () => memoryBackend() },
  disabled: { backend: () => disabledBackend() },
};

function registrationOf(
  role: Role,
  url: string,
  schemes: ReadonlyMap<string, SchemeRegistration>,
): string | CreateTransport | CreateBackend {
  const scheme = schemeOf(url);
  const registered = schemes.get(scheme)?.[role];
  if (registered !== undefined) return registered;
  const known = [...schemes].filter(([, registration]) => registration[role] !== undefined).map(([name]) => name);
  const nearest = nearestName(scheme, known);
  const noun = role === 'transport' ? 'broker' : 'result backend';
  throw new ConfigurationError(
    'CTQ_UNKNOWN_SCHEME',
    `There is no ${noun} for URLs of the scheme '${scheme}'.${nearest === undefined ? '' : ` Did you mean '${nearest}'?`} ` +
      `Known are ${known.join(', ')}; an app takes others: new Ctq('name', { adapters: { ${quoteKey(scheme)}: { ${role}: 'package' } } }).`,
    { details: { scheme, known } },
  );
}

/** Of `redis://localhost/0`, and of Celery's bare names: `rpc`, `disabled`. Never more than that: what follows may hold a password. */
function schemeOf(url: string): string {
  return (/^([a-z][a-z0-9+.-]*)(?::|$)/i.exec(url)?.[1] ?? '').toLowerCase();
}

function quoteKey(key: string): string {
  return /^[a-z_$][\w$]*$/i.test(key) ? key : `'${key}'`;
}
