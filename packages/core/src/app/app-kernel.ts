import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { dirname } from 'node:path';
import {
  type Compressor,
  type Connection,
  type ContentCodec,
  createContentCodec,
  type Serializer,
} from '@ctq/messaging';
import type { Transport } from '@ctq/messaging/transport';
import { type Clock, ConfigurationError, durationMs, type Logger, silentLogger, systemClock } from '@ctq/runtime';
import type { KeyValueStore } from '../backend/key-value-store.js';
import type { ResultBackend } from '../backend/result-backend.js';
import { Configuration } from '../config/configuration.js';
import type { Settings, SettingsInput } from '../config/settings.js';
import { CoordinationStore } from '../coordination/coordination-store.js';
import { BrokerEventSender } from '../events/broker-event-sender.js';
import type { EventSender } from '../events/event-sender.js';
import type { Interceptor } from '../interceptor/interceptor.js';
import { CrashRecords } from '../quarantine/crash-records.js';
import { QuarantineQueue } from '../quarantine/quarantine-queue.js';
import { ErrorClasses } from '../result/error-classes.js';
import { createResultCodec } from '../result/result-codec.js';
import { ResultStore } from '../result/result-store.js';
import { SharedRevocations } from '../revoke/shared-revocations.js';
import { QueueTable } from '../routing/queue-table.js';
import { Router } from '../routing/router.js';
import { BrokerSender } from '../sending/broker-sender.js';
import { EagerSender } from '../sending/eager-sender.js';
import { PublishConnection } from '../sending/publish-connection.js';
import type { TaskSender } from '../sending/task-sender.js';
import { createSignals } from '../signals/signals.js';
import { UniqueCalls } from '../unique/unique-calls.js';
import { annotated } from '../task/annotated.js';
import { TaskRegistry } from '../task/task-registry.js';
import type { ErrorClass } from '../task/task-options.js';
import { backendDefaults } from './adapter-defaults.js';
import { createAdapterResolver, type AdapterResolver, type SchemeRegistration } from './adapters.js';
import { appBackend } from './app-backend.js';
import { AppBroker, type AppConnectionChange, type BrokerOption, type ConnectionPurpose } from './app-broker.js';
import type { AppLocator } from './app-locator.js';
import { appStore } from './app-store.js';
import { type HandedOver, plainSettings } from './hand-over.js';
import { lentLogger } from './lent-logger.js';
import type { Kernel } from './kernel.js';
import { TaskModules } from './task-modules.js';
import { addConstructorSettings, areUrls, urlSettings } from './url-settings.js';

/** What an app is made with: adapters as objects or URLs, what is lent to it, and any setting. */
export type AppOptions = Omit<SettingsInput, 'broker' | 'backend'> & {
  /** Several are addresses of one broker, to fail over between. */
  readonly broker?: BrokerOption;
  readonly backend?: string | ResultBackend;
  /** Over which the app coordinates with other processes (unique tasks). Default: one where the results are. */
  readonly store?: string | KeyValueStore;
  readonly logger?: Logger;
  readonly clock?: Clock;
  readonly interceptors?: readonly Interceptor[];
  /** Beside json, yaml, msgpack, text and bytes; `acceptContent` says which of them are read. */
  readonly serializers?: readonly Serializer[];
  /** Beside gzip, bzip2, lzma, brotli and zstd. */
  readonly compressors?: readonly Compressor[];
  /**
   * Classes of errors that come back as what they were: a worker stores their own plain members, a client is thrown an error of the class, found by its name
   * in this list and nowhere else. Its constructor is not called.
   */
  readonly errorClasses?: readonly ErrorClass[];
  /** URL schemes of third parties: `{ nats: { transport: '@acme/ctq-nats' } }`. */
  readonly adapters?: Readonly<Record<string, SchemeRegistration>>;
  /**
   * `import.meta.url` of the module that makes the app: adapters, task modules and the embedded file are looked for from its folder. By default where the
   * CLI loaded it from, else the working directory.
   */
  readonly module?: string;
};

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

/** The kernel with what only its app does to it. */
export interface AppKernel extends Kernel {
  readonly modules: TaskModules;
  readonly configuration: Configuration;
  /** What relative paths are relative to. */
  folder(): string;
  override(overrides: AppOverrides): void;
  handOver(): HandedOver;
  transports(purpose: ConnectionPurpose): Promise<readonly Transport[]>;
  connect(purpose: ConnectionPurpose): Promise<Connection>;
  onConnectionChange(listener: (change: AppConnectionChange) => void): () => void;
  close(): Promise<void>;
}

/** States, stacks and arguments that stand in a document beside the value. */
const besideTheValueBytes = 1024 * 1024;

/** Puts an app together. Everything is made at first use, in this order: settings, codec, transport, connection; backend. */
export function createAppKernel(name: string, options: AppOptions, locator: () => AppLocator | undefined): AppKernel {
  const {
    broker: givenBroker,
    backend: givenBackend,
    store: givenStore,
    logger: given,
    clock = systemClock,
    interceptors = [],
    adapters = {},
    serializers = [],
    compressors = [],
    errorClasses = [],
    module,
    ...first
  } = options;
  const lent = given === undefined ? lentLogger() : undefined;
  const logger = given ?? lent ?? silentLogger;
  const closing = new AbortController();
  const signals = createSignals({ clock, logger, closing: closing.signal });
  const configuration = new Configuration(name);
  addConstructorSettings(configuration, first, urlSettings(givenBroker, givenBackend), `new Ctq('${name}')`);
  let backend = typeof givenBackend === 'string' ? undefined : givenBackend;
  let otherBackend: string | undefined;
  let settings: Settings | undefined;
  let isConfiguring = false;
  let overridden: Pick<AppOverrides, 'broker' | 'backend'> = {};
  let content: ContentCodec | undefined;
  let sender: TaskSender | undefined;
  let events: EventSender | undefined;
  let queues: QueueTable | undefined;
  let router: Router | undefined;
  let closed: Promise<void> | undefined;
  let resolver: AdapterResolver | undefined;
  const folder = (): string => {
    const url = module ?? locator()?.url;
    return url === undefined ? process.cwd() : dirname(fileURLToPath(url));
  };
  const resolve = (): AdapterResolver =>
    (resolver ??= createAdapterResolver({
      folder: folder(),
      otherFolders: process.argv[1] === undefined ? [] : [dirname(process.argv[1])],
      isBrokerNamed: broker.isNamed,
      logger,
      schemes: adapters,
    }));

  const broker = new AppBroker({
    given: areUrls(givenBroker) ? undefined : givenBroker,
    settings: () => kernel.settings,
    resolver: resolve,
    clock,
    logger,
  });

  const publishing = new PublishConnection(() => broker.connect('publish'));

  const maxResultBytes = (): number => kernel.settings.resultMaxSize ?? kernel.settings.taskMaxMessageSize;
  const contentCodec = (accept: readonly string[], maxBytes: number): ContentCodec =>
    createContentCodec({
      accept,
      serializers,
      compressors,
      maxBodyBytes: maxBytes,
      maxDecompressedBytes: maxBytes,
    });
  const results = new ResultStore({
    backend: () =>
      appBackend({
        settings: kernel.settings,
        configured: async () =>
          backend ??
          resolve().backend(
            otherBackend ?? kernel.settings.resultBackend,
            kernel.settings.resultBackendTransportOptions,
            backendDefaults(kernel.settings),
          ),
        clock,
        logger,
      }),
    codec: () =>
      createResultCodec(
        contentCodec(kernel.settings.resultAcceptContent, maxResultBytes() + besideTheValueBytes),
        kernel.settings.resultSerializer,
      ),
    expiresMs: () => {
      const { resultExpires } = kernel.settings;
      return resultExpires === undefined || resultExpires === 0 ? undefined : durationMs(resultExpires);
    },
    clock,
    logger,
    interceptors,
    errorClasses: new ErrorClasses(errorClasses),
    remoteTracebacks: () => kernel.settings.taskRemoteTracebacks,
    maxBytes: maxResultBytes,
  });

  const readSettings = (): Settings => {
    // What a receiver adds counts; what it reads would not be there yet.
    if (isConfiguring) throw settingsError(`The settings of app '${name}' are still being put together.`);
    isConfiguring = true;
    void signals.configuring.send(name, () => ({ sender: name }));
    isConfiguring = false;
    const read = configuration.use(logger);
    settings = read;
    void signals.configured.send(name, () => ({ sender: name, settings: read }));
    return read;
  };
  const coordination = new CoordinationStore({
    configured: () => appStore({ given: givenStore, backend, settings: kernel.settings, resolver: resolve }),
    clock,
    logger,
  });

  const kernel: AppKernel = {
    name,
    clock,
    logger,
    interceptors,
    signals,
    results,
    registry: new TaskRegistry((definition) => annotated(definition, kernel.settings)),
    modules: new TaskModules({
      folder,
      listed: () => [...kernel.settings.imports, ...kernel.settings.include],
      onImport: () => signals.importModules.ask(name, () => ({ sender: name })),
      isRegistered: (taskName) => kernel.registry.find(taskName) !== undefined,
      appName: name,
      logger,
    }),
    configuration,
    folder,
    get settings() {
      return settings ?? readSettings();
    },
    get content() {
      content ??= contentCodec(kernel.settings.acceptContent, kernel.settings.taskMaxMessageSize);
      return content;
    },
    get sender() {
      sender ??= createSender(kernel, publishing);
      return sender;
    },
    get events() {
      events ??= new BrokerEventSender(kernel, publishing);
      return events;
    },
    store: () => coordination.store(),
    unique: new UniqueCalls({ store: () => coordination.store(), clock }),
    revocations: new SharedRevocations({
      store: () => coordination.store(),
      settings: () => kernel.settings,
      clock,
    }),
    crashes: new CrashRecords(() => coordination.store()),
    quarantine: (queue) =>
      new QuarantineQueue(queue, {
        settings: kernel.settings,
        queues: kernel.queues,
        connect: () => broker.connect('consume'),
        publishing,
        clock,
      }),
    get queues() {
      queues ??= new QueueTable(kernel.settings);
      return queues;
    },
    get router() {
      router ??= new Router(kernel.settings, kernel.queues, kernel.registry);
      return router;
    },
    override(more) {
      const { settings: over = {}, source = 'override' } = more;
      if (Object.keys(over).length > 0) configuration.add('overridden', over, { source });
      if (broker.isInUse) {
        throw settingsError(`App '${name}' is connected already; its broker cannot be replaced any more.`);
      }
      if (more.broker !== undefined) broker.override(more.broker);
      if (more.backend !== undefined) {
        backend = undefined;
        otherBackend = more.backend;
      }
      if (!configuration.isInUse) configuration.add('overridden', urlSettings(more.broker, more.backend), { source });
      if (more.logger !== undefined) lent?.lend(more.logger);
      overridden = {
        ...overridden,
        ...(more.broker === undefined ? {} : { broker: more.broker }),
        ...(more.backend === undefined ? {} : { backend: more.backend }),
      };
    },
    handOver: () => ({ ...overridden, settings: plainSettings(configuration.changes) }),
    transports: (purpose) => broker.transports(purpose),
    connect: (purpose) => broker.connect(purpose),
    onConnectionChange: (listener) => broker.onConnectionChange(listener),
    close() {
      closed ??= (async () => {
        closing.abort();
        await publishing.close();
        await results.close();
        await coordination.close();
      })();
      return closed;
    },
  };
  return kernel;
}

function settingsError(message: string): ConfigurationError {
  return new ConfigurationError('CTQ_SETTINGS_IN_USE', message);
}

function createSender(kernel: Kernel, publishing: PublishConnection): TaskSender {
  const replyTo = randomUUID();
  return kernel.settings.taskAlwaysEager
    ? new EagerSender(kernel, replyTo)
    : new BrokerSender(kernel, replyTo, publishing);
}
