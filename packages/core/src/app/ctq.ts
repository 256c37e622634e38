import { randomUUID } from 'node:crypto';
import type { Connection } from '@ctq/messaging';
import type { Transport } from '@ctq/messaging/transport';
import type { SerializedSignature } from '../canvas/serialized-signature.js';
import { createSignature } from '../canvas/create-signature.js';
import { parseNode } from '../canvas/serialize.js';
import type { ArgsOf, ResultOf, Signature } from '../canvas/signature.js';
import type { TaskNode } from '../canvas/signature-node.js';
import type { KeyValueStore } from '../backend/key-value-store.js';
import type { ResultBackend } from '../backend/result-backend.js';
import type { Control } from '../control/control.js';
import type {
  CommandArguments,
  CommandHandler,
  CommandKind,
  CommandOptions,
  RemoteCommand,
} from '../control/remote-command.js';
import { type Conf, createConf } from '../config/conf.js';
import { settingsOf } from '../config/config-module.js';
import type { Settings, SettingsInput } from '../config/settings.js';
import { Outbox, type TransactionScope } from '../outbox/outbox.js';
import type { Quarantine } from '../quarantine/quarantine.js';
import { type RevokeOptions, revocationsOf, type StampedHeaders, stampRevocationsOf } from '../revoke/revocation.js';
import { abortTask } from '../result/abort-task.js';
import { sendAsChild } from '../execute/send-as-child.js';
import { asyncResult, resultFromTuple } from '../result/async-result.js';
import { groupResult } from '../result/group-result.js';
import { restoreGroup } from '../result/restore-group.js';
import type { AnyResult, AsyncResult, GroupResult, ResultSet } from '../result/result-handle.js';
import { resultSet } from '../result/result-set.js';
import type { CallOptions } from '../sending/call-options.js';
import { resultOfCall } from '../sending/result-of-call.js';
import type { Signals } from '../signals/signals.js';
import { createTask, remoteTask } from '../task/create-task.js';
import { type DefineTask, readDefinition } from '../task/define-task.js';
import type { RemoteTask } from '../task/task.js';
import type { TaskOptions } from '../task/task-options.js';
import { type AppKernel, type AppOptions, createAppKernel } from './app-kernel.js';
import type { AppOverrides } from './overrides.js';
import type { AppConnectionChange } from './app-broker.js';
import type { AppLocator } from './app-locator.js';
import type { ConnectionPurpose } from './connection-purpose.js';
import { findConfigModule, importConfig, missingConfig } from './find-config-module.js';
import type { HandedOver } from './hand-over.js';
import type { Kernel } from './kernel.js';

/** A module of settings, as `import * as config` or `await import(…)` give it. */
export type SettingsModule = object & { readonly default: SettingsInput };

export interface ConfigFromObjectOptions {
  /**
   * Reads only names that begin with it and an underscore, in upper case, and are Celery's new ones: with `CELERY`, `CELERY_TASK_ACKS_LATE`. For settings that
   * share an object with others'.
   */
  readonly namespace?: string;
  /** For messages. */
  readonly source?: string;
}

export interface ConfigFromModuleOptions {
  readonly namespace?: string;
  /** A module that is not there is passed over. */
  readonly silent?: boolean;
  /** Is given the `file:` URL. Default `import`. */
  readonly importModule?: (url: string) => Promise<unknown>;
}

/**
 * An application: its tasks, its settings, its broker and its results. Nothing is opened before the first call, nothing is shared
 * between two of them.
 *
 * ```ts
 * export const app = new Ctq('shop', { broker: 'redis://localhost:6379/0', backend: 'redis://localhost:6379/1' });
 * export const add = app.task('add', (x: number, y: number) => x + y);
 * ```
 *
 * Without a broker it uses the environment's CTQ_BROKER_URL, else an SQLite file beside the nearest package.json.
 */
export class Ctq implements AsyncDisposable {
  readonly name: string;
  /** The configuration, to read and until its first use to change. Broker and backend are in it as far as they are URLs. */
  readonly conf: Conf;
  readonly #kernel: AppKernel;
  #locator: AppLocator | undefined;

  constructor(name: string, options: AppOptions = {}) {
    if (name === '') throw new TypeError("An app needs a name: new Ctq('shop').");
    this.name = name;
    this.#kernel = createAppKernel(name, options, () => this.#locator);
    this.conf = createConf(this.#kernel.configuration);
    Object.defineProperty(this, appMark, { value: true });
  }

  /** Recognises apps, also those of another copy of this package. */
  static isInstance(value: unknown): value is Ctq {
    return typeof value === 'object' && value !== null && appMark in value;
  }

  /** What the other packages of ctq work with. */
  get kernel(): Kernel {
    return this.#kernel;
  }

  /** Registers a task: `app.task(name?, options?, fn)`. */
  readonly task: DefineTask = (...given: readonly unknown[]) => {
    const definition = readDefinition(this.name, given, this.task);
    this.#kernel.registry.register(definition);
    return createTask(this.#kernel, definition);
  };

  /**
   * `app.task` with options that its tasks share, in place of a base class: `const reliable = app.taskWith({ maxRetries: 10, onFailure: alarm })`,
   * then `reliable('charge', { queue: 'money' }, fn)`. A task's own options win.
   */
  taskWith(base: Omit<TaskOptions, 'bind'>): DefineTask {
    const define: DefineTask = (...given: readonly unknown[]) => {
      const definition = readDefinition(this.name, given, define, base);
      this.#kernel.registry.register(definition);
      return createTask(this.#kernel, definition);
    };
    return define;
  }

  /**
   * A task whose function is elsewhere, typed by it without importing it: `app.remote<typeof add>('add')` beside `import type { add }`.
   * `takesObject` for a task with a schema.
   */
  remote<T>(taskName: string, options: { readonly takesObject?: boolean } = {}): RemoteTask<ArgsOf<T>, ResultOf<T>> {
    return remoteTask(this.#kernel, { taskName, takesObject: options.takesObject ?? false });
  }

  /** Sends a call by name; nothing has to be registered here. */
  async sendTask<R = unknown>(
    taskName: string,
    args: readonly unknown[] = [],
    kwargs: Readonly<Record<string, unknown>> = {},
    options: CallOptions = {},
  ): Promise<AsyncResult<R>> {
    const id = options.taskId ?? randomUUID();
    const taskOptions = this.#kernel.registry.find(taskName)?.options;
    const conflict = await sendAsChild(this.#kernel, {
      task: taskName,
      id,
      args,
      kwargs,
      options,
      placement: {},
      ...(taskOptions === undefined ? {} : { taskOptions }),
    });
    return resultOfCall(this.#kernel, id, options, taskOptions, conflict);
  }

  /** A signature by name, as `sendTask` would send it, or one that came from somewhere in its travelling form. */
  signature(
    taskName: string,
    args?: readonly unknown[],
    kwargs?: Readonly<Record<string, unknown>>,
    options?: CallOptions,
  ): Signature<readonly unknown[], unknown>;
  signature(task: string | SerializedSignature): Signature<readonly unknown[], unknown>;
  signature(
    task: string | SerializedSignature,
    args: readonly unknown[] = [],
    kwargs: Readonly<Record<string, unknown>> = {},
    options: CallOptions = {},
  ): Signature<readonly unknown[], unknown> {
    if (typeof task !== 'string') return createSignature(this.#kernel, parseNode(task));
    const node: TaskNode = { ...{ kind: 'task', task, args, kwargs }, options: {}, immutable: false };
    return createSignature<readonly unknown[], unknown>(this.#kernel, node).set(options);
  }

  /**
   * Holds calls back until a transaction is committed: `applyAsync(args, { outbox })`, then `outbox.flush()`. With a scope it flushes and discards by itself when
   * the transaction ends.
   */
  outbox(scope?: TransactionScope): Outbox {
    return new Outbox(scope);
  }

  /** A handle on the result of a task that was sent at another time or place. */
  asyncResult<R = unknown>(id: string): AsyncResult<R> {
    return asyncResult(this.#kernel.results, id);
  }

  /** Results that are waited for, counted and forgotten together. */
  resultSet<T = unknown>(results: Iterable<AsyncResult<T>> = []): ResultSet<T> {
    return resultSet(this.#kernel.results, results);
  }

  /** A handle on a group whose members are known. */
  groupResult<R extends unknown[] = unknown[]>(
    id: string,
    results: { readonly [K in keyof R]: AsyncResult<R[K]> },
  ): GroupResult<R> {
    return groupResult(this.#kernel.results, id, results as unknown as readonly AnyResult[]);
  }

  /** The group that was kept under the id by `save`, here or in Python; undefined when there is none. */
  restoreGroup(id: string): Promise<GroupResult<unknown[]> | undefined> {
    return restoreGroup(this.#kernel.results, id);
  }

  /** A result out of what its `asTuple`, or Celery's `as_tuple`, gave. @throws TypeError for anything else. */
  resultFromTuple(tuple: unknown): AnyResult {
    return resultFromTuple(this.#kernel.results, tuple);
  }

  /**
   * Asks a task with the option `abortable` to leave: its `ctx.signal` is aborted with `TaskAbortedError`. One that waits in a queue finds it aborted
   * when it starts. Resolves with false for a task that has ended. Python's `AbortableTask` hears of it too.
   */
  abort(result: string | { readonly id: string }): Promise<boolean> {
    return abortTask(this.#kernel.results, typeof result === 'string' ? result : result.id);
  }

  /**
   * Adds settings, in camelCase, in Celery's snake_case or old upper case: an object, or a module that exports them. They stand behind what the constructor
   * and `conf` say, later ones before earlier. Possible until the first use.
   * @throws ConfigurationError for names and values that are not known, at once.
   */
  configFromObject(settings: SettingsInput | SettingsModule, options: ConfigFromObjectOptions = {}): this {
    const { source = 'configFromObject', namespace } = options;
    this.#kernel.configuration.add('configured', settingsOf(settings), {
      source,
      ...(namespace === undefined ? {} : { namespace }),
    });
    return this;
  }

  /**
   * `configFromObject` of a module: a path relative to the app's folder with or without extension, JSON too, a `file:` URL or a package; with `:name` behind
   * it, of one of its exports. TypeScript needs a Node.js that loads it, or `importModule`. Resolves with whether there was one.
   * @throws ConfigurationError for a module that is missing (unless `silent`) or cannot be used.
   */
  async configFromModule(module: string, options: ConfigFromModuleOptions = {}): Promise<boolean> {
    const { importModule = (url: string): Promise<unknown> => import(url), silent = false, ...more } = options;
    const folder = this.#kernel.folder();
    const target = findConfigModule(module, folder);
    if (target.url !== undefined) {
      const settings = await importConfig(target, target.url, importModule);
      this.configFromObject(settings, { source: module, ...more });
    } else if (!silent) throw missingConfig(target, folder);
    return target.url !== undefined;
  }

  /**
   * `configFromObject` of an environment: with the prefix `SHOP`, `SHOP_TASK_ACKS_LATE=no` is `taskAcksLate: false`. Texts are read as what is meant; empty variables
   * are unset ones. Choose a prefix that nothing else has: what begins with it and is no setting is an error.
   */
  configFromEnvironment(env: Readonly<Record<string, string | undefined>>, options: { readonly prefix: string }): this {
    const set = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
    this.#kernel.configuration.add('configured', set, {
      source: 'the environment',
      namespace: options.prefix,
      fromText: true,
    });
    return this;
  }

  /** For programs that run an app they did not write: another broker or result backend, a logger if it has none. Possible until it is connected. */
  override(overrides: AppOverrides): this {
    this.#kernel.override(overrides);
    return this;
  }

  /**
   * The settings that were given and the addresses that were overridden, for `override` of the same app in another thread or process. They hold
   * passwords.
   */
  handOver(): HandedOver {
    return this.#kernel.handOver();
  }

  /** Moments to connect receivers to: `app.signals.taskFailure.connect(({ task, error }) => alarm(task, error))`. */
  get signals(): Signals {
    return this.#kernel.signals;
  }

  /** All settings as they are now, as one object that does not change: what `conf` reads. */
  get settings(): Settings {
    return this.#kernel.configuration.current;
  }

  /**
   * Folders whose `tasks.ts|js|mts|mjs` registers tasks, relative to the app's own module, or a function that names them; loaded by `loadModules`. A folder without
   * such a module is passed over. `relatedName` is for another name than `tasks`.
   */
  autodiscoverTasks(
    folders: readonly string[] | (() => readonly string[]),
    options: { readonly relatedName?: string } = {},
  ): this {
    this.#kernel.modules.discover(folders, options.relatedName);
    return this;
  }

  /** Imports what `imports`, `include` and `autodiscoverTasks` name. Workers call it; `importModule` says how files are loaded. */
  loadModules(importModule?: (url: string) => Promise<unknown>): Promise<void> {
    return this.#kernel.modules.load(importModule);
  }

  get locator(): AppLocator | undefined {
    return this.#locator;
  }

  /** Says where the app was loaded from. The CLI does; the first word stands. */
  locate(locator: AppLocator): void {
    this.#locator ??= locator;
  }

  /**
   * Revokes calls: workers discard their messages, and end those that run with `terminate`. Kept in the app's key-value store for `workerRevokeExpires`, so that workers that
   * start later know too, and sent to all workers, for those that do not watch it: Python's. An app without a store only sends it, which none hears that is not there.
   */
  revoke(calls: string | { readonly id: string } | readonly string[], options: RevokeOptions = {}): Promise<void> {
    const ids = typeof calls === 'object' && 'id' in calls ? calls.id : calls;
    return this.#kernel.revoke(revocationsOf(ids, this.#kernel.clock.now(), options));
  }

  /** As `revoke`, for all calls with one of these values in a stamped header: `app.revokeByStampedHeaders({ tenant: ['a', 'b'] })`. */
  revokeByStampedHeaders(headers: StampedHeaders, options: RevokeOptions = {}): Promise<void> {
    return this.#kernel.revoke(stampRevocationsOf(headers, this.#kernel.clock.now(), options));
  }

  /** Commands to workers, and questions. */
  get control(): Control {
    return this.#kernel.control;
  }

  /**
   * A question that workers of this program answer: `ctq inspect <name>`, or `app.control.ask`. The types of its arguments are those that `args` names.
   * @throws ConfigurationError for a name that another one has.
   */
  inspectCommand<const Args extends CommandArguments, Reply>(
    name: string,
    options: CommandOptions<Args>,
    handler: CommandHandler<Args, Reply>,
  ): RemoteCommand<Args, Reply> {
    return this.#command('inspect', name, options, handler);
  }

  /** A command that workers of this program carry out: `ctq control <name>`. As `inspectCommand`. */
  controlCommand<const Args extends CommandArguments, Reply>(
    name: string,
    options: CommandOptions<Args>,
    handler: CommandHandler<Args, Reply>,
  ): RemoteCommand<Args, Reply> {
    return this.#command('control', name, options, handler);
  }

  /** The messages of a queue that are not run any more, because they took down, again and again, whatever ran them. */
  quarantine(queue: string = this.settings.taskDefaultQueue): Quarantine {
    return this.#kernel.quarantine(queue);
  }

  /** The transport of the broker, for consuming; of several addresses the first. */
  async transport(): Promise<Transport> {
    const [first] = await this.transports();
    if (first === undefined) throw new TypeError('An empty list of brokers names none.');
    return first;
  }

  /** A transport for each address of the broker. */
  transports(purpose: ConnectionPurpose = 'consume'): Promise<readonly Transport[]> {
    return this.#kernel.transports(purpose);
  }

  /** The opened result backend. */
  backend(): Promise<ResultBackend> {
    return this.#kernel.results.backend();
  }

  /** The opened key-value store over which the app coordinates with other processes. @throws ConfigurationError when it has none. */
  store(): Promise<KeyValueStore> {
    return this.#kernel.store();
  }

  /** A connection of its own, for whoever consumes. The caller closes it. */
  connect(purpose: ConnectionPurpose = 'consume'): Promise<Connection> {
    return this.#kernel.connect(purpose);
  }

  /**
   * Tells every move of the app's connections to the broker, of those that are open and those to come: attempts, losses, failovers. Returns the function
   * that ends the telling.
   */
  onConnectionChange(listener: (change: AppConnectionChange) => void): () => void {
    return this.#kernel.onConnectionChange(listener);
  }

  /** Idempotent. Publishes and writes that were begun are finished; those who wait for results are told. */
  close(): Promise<void> {
    return this.#kernel.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #command<Args extends CommandArguments, Reply>(
    kind: CommandKind,
    name: string,
    options: CommandOptions<Args>,
    run: CommandHandler<Args, Reply>,
  ): RemoteCommand<Args, Reply> {
    const command = { ...options, kind, name, run };
    this.#kernel.commands.add(command);
    return command;
  }
}

const appMark = Symbol.for('ctq.app');
