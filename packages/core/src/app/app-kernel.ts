import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { dirname } from 'node:path';
import { type Compressor, type Connection, LamportClock, type Serializer } from '@ctq/messaging';
import type { Transport } from '@ctq/messaging/transport';
import { type Clock, durationMs, type Logger, silentLogger, systemClock } from '@ctq/runtime';
import type { KeyValueStore } from '../backend/key-value-store.js';
import type { ResultBackend } from '../backend/result-backend.js';
import { builtinTasks } from '../builtin/builtin-tasks.js';
import { Configuration } from '../config/configuration.js';
import type { SettingsInput } from '../config/settings.js';
import { AppMailbox } from '../control/app-mailbox.js';
import { CommandRegistry } from '../control/command-registry.js';
import { Control } from '../control/control.js';
import { ControlChannel } from '../control/control-channel.js';
import { purgeQueues } from '../control/purge-queues.js';
import { CoordinationStore } from '../coordination/coordination-store.js';
import { BrokerEventSender } from '../events/broker-event-sender.js';
import type { EventSender } from '../events/event-sender.js';
import type { Interceptor } from '../interceptor/interceptor.js';
import { CrashRecords } from '../quarantine/crash-records.js';
import { QuarantineQueue } from '../quarantine/quarantine-queue.js';
import { resultFromTuple } from '../result/async-result.js';
import { ErrorClasses } from '../result/error-classes.js';
import { ResultStore } from '../result/result-store.js';
import type { Revocation } from '../revoke/revocation.js';
import { Revoker } from '../revoke/revoker.js';
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
import { createAdapterResolver, type AdapterResolver, type SchemeRegistration } from './adapters.js';
import { appBackend } from './app-backend.js';
import { AppChords } from './app-chords.js';
import { AppBroker, type AppConnectionChange, type BrokerOption } from './app-broker.js';
import { AppCodecs } from './app-codecs.js';
import type { AppLocator } from './app-locator.js';
import { AppSettings } from './app-settings.js';
import { appStore } from './app-store.js';
import { BackendChoice } from './backend-choice.js';
import type { ConnectionPurpose } from './connection-purpose.js';
import type { HandedOver } from './hand-over.js';
import type { Kernel } from './kernel.js';
import { lentLogger } from './lent-logger.js';
import { type AppOverrides, Overrides } from './overrides.js';
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

/** The kernel with what only its app does to it. */
export interface AppKernel extends Kernel {
  readonly modules: TaskModules;
  /** Says for all workers that calls are not to be run. */
  revoke(revocations: readonly Revocation[]): Promise<void>;
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
  const replyTo = randomUUID();
  const signals = createSignals({ clock, logger, closing: closing.signal });
  const configuration = new Configuration(name);
  addConstructorSettings(configuration, first, urlSettings(givenBroker, givenBackend), `new Ctq('${name}')`);
  const settings = new AppSettings({ name, configuration, signals, logger });
  const codecs = new AppCodecs({ settings: () => settings.values, serializers, compressors });
  const backend = new BackendChoice(givenBackend);
  let resolver: AdapterResolver | undefined;
  let sender: TaskSender | undefined;
  let events: EventSender | undefined;
  let queues: QueueTable | undefined;
  let router: Router | undefined;
  let closed: Promise<void> | undefined;
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
    settings: () => settings.values,
    resolver: resolve,
    clock,
    logger,
  });
  const overrides = new Overrides({ name, configuration, broker, backend, lent });
  const publishing = new PublishConnection(() => broker.connect('publish'));
  const coordination = new CoordinationStore({
    configured: () =>
      appStore({ given: givenStore, backend: backend.object, settings: settings.values, resolver: resolve }),
    clock,
    logger,
  });
  const revocations = new SharedRevocations({
    store: () => coordination.store(),
    settings: () => settings.values,
    clock,
  });
  const logicalClock = new LamportClock();
  const mailbox = new AppMailbox({
    ...{ settings: () => settings.values, content: () => codecs.messages, logicalClock, clock, logger },
    publishing: () => publishing.open(),
    connect: () => broker.connect('consume'),
  });
  const channel = new ControlChannel(() => mailbox.mailbox, logger);
  const revoker = new Revoker({
    ...{ shared: revocations, channel, logger },
    runsInPlace: () => settings.values.taskAlwaysEager,
  });
  const results = createResults({
    ...{ settings, codecs, backend, broker, replyTo, resolve, clock, logger, interceptors, errorClasses },
    revoke: (revoked) => revoker.revoke(revoked),
  });
  const chords = new AppChords({
    backend: () => results.backend(),
    store: () => coordination.store(),
    context: () => results.context,
  });

  const kernel: AppKernel = {
    name,
    clock,
    logger,
    interceptors,
    signals,
    results,
    logicalClock,
    commands: new CommandRegistry(),
    control: new Control(channel, ({ queues: names, signal }) =>
      purgeQueues(() => broker.connect('consume'), names ?? kernel.queues.known.map(({ name: one }) => one), signal),
    ),
    revoke: (revoked) => revoker.revoke(revoked),
    publishing: () => publishing.open(),
    get mailboxLayout() {
      return mailbox.layout;
    },
    registry: new TaskRegistry({
      annotate: (definition) => annotated(definition, kernel.settings),
      builtins: () => builtinTasks(kernel),
    }),
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
      return settings.values;
    },
    get content() {
      return codecs.messages;
    },
    get eventContent() {
      return codecs.events;
    },
    get sender() {
      sender ??= createSender(kernel, replyTo, publishing);
      return sender;
    },
    get events() {
      events ??= new BrokerEventSender(kernel, publishing);
      return events;
    },
    store: () => coordination.store(),
    chords: () => chords.role(),
    unique: new UniqueCalls({ store: () => coordination.store(), clock }),
    revocations,
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
    override: (more) => overrides.apply(more),
    handOver: () => overrides.handOver(),
    transports: (purpose) => broker.transports(purpose),
    connect: (purpose) => broker.connect(purpose),
    onConnectionChange: (listener) => broker.onConnectionChange(listener),
    close() {
      closed ??= (async () => {
        closing.abort();
        await mailbox.close();
        await publishing.close();
        await results.close();
        await coordination.close();
      })();
      return closed;
    },
  };
  return kernel;
}

interface ResultParts {
  readonly settings: AppSettings;
  readonly codecs: AppCodecs;
  readonly backend: BackendChoice;
  readonly broker: AppBroker;
  /** The address of this process for replies. */
  readonly replyTo: string;
  readonly resolve: () => AdapterResolver;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly interceptors: readonly Interceptor[];
  readonly errorClasses: readonly ErrorClass[];
  readonly revoke: (revocations: readonly Revocation[]) => Promise<void>;
}

function createResults({
  settings,
  codecs,
  backend,
  broker,
  resolve,
  clock,
  logger,
  ...more
}: ResultParts): ResultStore {
  return new ResultStore({
    backend: () =>
      appBackend({
        settings: settings.values,
        configured: async () => backend.object ?? backend.make(settings.values, resolve()),
        clock,
        logger,
      }),
    isHeardBySender: () => !settings.values.taskAlwaysEager && backend.readers(settings.values, resolve()) === 'sender',
    broker: () => ({
      replyTo: more.replyTo,
      isPersistent: settings.values.resultPersistent ?? false,
      connect: (purpose) => broker.connect(purpose),
    }),
    codec: () => codecs.createForResults(),
    expiresMs: () => {
      const { resultExpires } = settings.values;
      return resultExpires === undefined || resultExpires === 0 ? undefined : durationMs(resultExpires);
    },
    clock,
    logger,
    interceptors: more.interceptors,
    errorClasses: new ErrorClasses(more.errorClasses),
    remoteTracebacks: () => settings.values.taskRemoteTracebacks,
    maxBytes: () => codecs.maxResultBytes,
    handleOf: resultFromTuple,
    revoke: more.revoke,
  });
}

function createSender(kernel: Kernel, replyTo: string, publishing: PublishConnection): TaskSender {
  return kernel.settings.taskAlwaysEager
    ? new EagerSender(kernel, replyTo)
    : new BrokerSender(kernel, replyTo, publishing);
}
