import { memoryTransport } from '@ctq/messaging';
import type { Transport } from '@ctq/messaging/transport';
import { ConfigurationError, type Logger, nearestName } from '@ctq/runtime';
import { disabledBackend } from '../backend/disabled-backend.js';
import type { KeyValueStore } from '../backend/key-value-store.js';
import { memoryBackend } from '../backend/memory-backend.js';
import { memoryStore } from '../backend/memory-store.js';
import type { ResultBackend, ResultReaders } from '../backend/result-backend.js';
import {
  type CreateBackend,
  type CreateStore,
  type CreateTransport,
  knownSchemes,
  type SchemeRegistration,
} from './adapter-schemes.js';
import { type BrokerParts, brokerUrls } from './broker-urls.js';
import { embeddedLocation, prepareEmbeddedLocation } from './embedded-location.js';
import { type Environment, readEnvironment } from './environment.js';
import { loadAdapter } from './load-adapter.js';

export type { SchemeRegistration } from './adapter-schemes.js';

/** Makes transports, result backends and key-value stores of URLs, for one app. */
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
  /** Who can read the results of such a backend, as far as its scheme says it. */
  readersOf(url: string | undefined): ResultReaders;
  /** @param url Undefined for where the results are; undefined as the answer when there are none, or no store beside them. */
  store(url: string | undefined, options?: Options, defaults?: DefaultsOf): Promise<KeyValueStore | undefined>;
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
type Role = 'transport' | 'backend' | 'store';
type Create = CreateTransport | CreateBackend | CreateStore;

const exportNames = { transport: 'createTransport', backend: 'createBackend', store: 'createStore' } as const;
const nouns = { transport: 'broker', backend: 'result backend', store: 'key-value store' } as const;

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
    const made =
      typeof registered === 'string'
        ? await loadAdapter(registered, exportNames[role], [folder, ...(options.otherFolders ?? [])])
        : registered;
    return (made as Create)(url, adapterOptions, defaults(schemeOf(url)));
  };
  const resultUrl = (): string => environment.resultBackend ?? (hasBroker ? disabledUrl : embeddedUrl());

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
      return (await create('backend', given ?? resultUrl(), adapterOptions, defaults)) as ResultBackend;
    },
    readersOf: (given = environment.resultBackend) =>
      (given === undefined ? undefined : schemes.get(schemeOf(given))?.readers) ?? 'anyone',
    async store(given, adapterOptions = {}, defaults = none) {
      const url = given ?? resultUrl();
      if (schemeOf(url) === schemeOf(disabledUrl) || resolver.readersOf(url) === 'sender') return undefined;
      return (await create('store', url, adapterOptions, defaults)) as KeyValueStore;
    },
  };
  return resolver;
}

const none = (): Options => ({});

const disabledUrl = 'disabled://';

const builtInSchemes: Readonly<Record<string, SchemeRegistration>> = {
  memory: { transport: () => memoryTransport(), backend: () => memoryBackend(), store: () => memoryStore() },
  disabled: { backend: () => disabledBackend() },
};

function registrationOf(role: Role, url: string, schemes: ReadonlyMap<string, SchemeRegistration>): string | Create {
  const scheme = schemeOf(url);
  const found = schemes.get(scheme);
  const registered = found === undefined ? undefined : inRole(found, role);
  if (registered !== undefined) return registered;
  const known = [...schemes]
    .filter(([, registration]) => inRole(registration, role) !== undefined)
    .map(([name]) => name);
  const nearest = nearestName(scheme, known);
  const noun = nouns[role];
  throw new ConfigurationError(
    'CTQ_UNKNOWN_SCHEME',
    `There is no ${noun} for URLs of the scheme '${scheme}'.${nearest === undefined ? '' : ` Did you mean '${nearest}'?`} ` +
      `Known are ${known.join(', ')}; an app takes others: new Ctq('name', { adapters: { ${quoteKey(scheme)}: { ${role}: 'package' } } }).`,
    { details: { scheme, known } },
  );
}

/** Where results are in a package's care, so are keys and values. */
function inRole(registration: SchemeRegistration, role: Role): string | Create | undefined {
  const { backend } = registration;
  return registration[role] ?? (role === 'store' && typeof backend === 'string' ? backend : undefined);
}

/** Of `redis://localhost/0`, and of Celery's bare names: `rpc`, `disabled`. Never more than that: what follows may hold a password. */
function schemeOf(url: string): string {
  return (/^([a-z][a-z0-9+.-]*)(?::|$)/i.exec(url)?.[1] ?? '').toLowerCase();
}

function quoteKey(key: string): string {
  return /^[a-z_$][\w$]*$/i.test(key) ? key : `'${key}'`;
}
