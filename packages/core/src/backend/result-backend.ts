import type { Connection, Queue } from '@ctq/messaging';
import type { Clock, Logger } from '@ctq/runtime';
import type { ConnectionPurpose } from '../app/connection-purpose.js';
import type { RecordToStore, ResultCodec, ResultRecord } from '../result/result-record.js';
import type { KeyValueStore } from './key-value-store.js';
import type { TaskState } from '../result/states.js';

/**
 * Where outcomes live. Rules for authors:
 * 1. everything takes many: a worker stores the outcomes of one turn of its event loop in one call;
 * 2. SUCCESS is final: a stored SUCCESS is never overwritten (celery 5.6 backends/base.py, KeyValueStoreBackend._store_result: a lost
 *    worker's late FAILURE must not hide it);
 * 3. storing tells those who wait (`notifier`) in the same write; a backend without notifier is polled;
 * 4. no retries, no logging of what should be thrown;
 * 5. `close` is idempotent and never hangs;
 * 6. the conformance kit (`@ctq/core/conformance`) is green, unmodified.
 */
export interface ResultBackend {
  readonly spec: 1;
  readonly name: string;
  readonly supports: ResultBackendManifest;
  /** For banners and errors, with passwords masked. */
  readonly url: string;
  /** @throws BackendConnectionError. Aborting the signal rejects with its reason. */
  open(context: ResultBackendContext, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;

  /**
   * All or nothing; resolves when the outcomes are as safe as `supports.durability` says. With `readers: 'anyone'` they are found from then on; with
   * `readers: 'sender'` when they have travelled to where `replyTo` says.
   */
  store(records: readonly RecordToStore[]): Promise<void>;
  /** Those that exist; a missing id is Celery's PENDING. */
  getMany(taskIds: readonly string[]): Promise<ReadonlyMap<string, ResultRecord>>;
  forget(taskIds: readonly string[]): Promise<void>;
  /** Deletes what has expired, where the store does not do so by itself. Resolves with the number of deleted entries. */
  cleanup?(): Promise<number>;

  /**
   * Makes a key-value store in the same place, with a connection of its own, which whoever asks for it opens and closes: for what an app coordinates (unique
   * tasks) when it is not given a store.
   */
  keyValueStore?(): KeyValueStore;

  /**
   * For `readers: 'sender'`: called before each call is published whose result comes back to this process (Celery's `on_task_call`). Begins to listen, if that was
   * not done yet, without waiting for it; gives what the publish has to declare as long as nobody listens, so that no result is lost.
   */
  expectResult?(): Queue | undefined;

  readonly notifier?: ResultNotifier;
  readonly groups?: GroupRole;
  readonly chords?: ChordRole;
}

export interface ResultBackendManifest {
  readonly durability: 'none' | 'client-loss' | 'backend-restart';
  readonly reach: 'process' | 'host' | 'network';
  /** Expired results go by themselves, or only by `cleanup`. */
  readonly expiry: 'native' | 'cleanup';
  /**
   * Who can read a result: any program that knows its id (default), or the process that sent the call and nobody else. Then every state is a message of its own, and
   * a worker finds nothing of what it stores.
   */
  readonly readers?: ResultReaders;
}

export type ResultReaders = 'anyone' | 'sender';

export interface ResultBackendContext {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly codec: ResultCodec;
  /** How long results are kept; undefined for ever. */
  readonly expiresMs: number | undefined;
  /** The app's broker, for backends whose results are messages. Undefined outside of an app. */
  readonly broker?: BackendBroker;
}

/** What a backend whose results are messages has to know of the app's broker. */
export interface BackendBroker {
  /** The address of this process for replies (Celery's oid): `replyTo` of what it sends. */
  readonly replyTo: string;
  /** Results are to survive a restart of the broker: the setting `resultPersistent`. */
  readonly isPersistent: boolean;
  /** A connection of its own, to where the app consumes or publishes. Whoever asks for it closes it. */
  connect(purpose: ConnectionPurpose): Promise<Connection>;
}

/** Tells which results were stored, so that nobody has to poll for them. */
export interface ResultNotifier {
  /**
   * Starts to listen. `onStored` is called with ids whose state changed: at least those that are being watched, perhaps others too; an id may come
   * twice or (when a connection was lost) never, therefore waiters poll slowly behind it. Where the news carries what was stored it is given too: that
   * saves the look, and arrives even when the result has expired by then.
   */
  listen(onStored: OnStored): Promise<ResultListener>;
}

export type OnStored = (taskIds: readonly string[], records?: ReadonlyMap<string, ResultRecord>) => void;

export interface ResultListener {
  /** Resolves when a state stored from now on will be told. Backends that see all changes do nothing here. */
  watch(taskIds: readonly string[]): Promise<void>;
  unwatch(taskIds: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

/** Saved groups (`GroupResult.save`): the value is the group's result tuple. */
export interface GroupRole {
  saveGroup(groupId: string, value: unknown): Promise<void>;
  getGroup(groupId: string): Promise<unknown>;
  forgetGroup(groupId: string): Promise<void>;
}

/**
 * Counting the header of a chord. Of different parts that are added at the same time exactly one sees the count reach the size. All methods are
 * idempotent, so that a redelivered member can report again: it sees the size reached once more, and completion is redone, never lost.
 */
export interface ChordRole {
  /** Says how many completions will come. Called before the last member is published. */
  openChord(groupId: string, size: number): Promise<void>;
  /**
   * One more completion will come, of this task (Celery's `add_to_chord`). Called before it is published, by a member that is not added as a part yet. Once per
   * task id, before or after the chord was opened, and however often that is; resolves with whether it was the first time.
   */
  growChord(groupId: string, taskId: string): Promise<boolean>;
  /** The task was not published after all: takes its `growChord` back. */
  shrinkChord(groupId: string, taskId: string): Promise<void>;
  /** Adds a part (once per task id) and tells how the chord stands. `size` counts those for which it grew, and is undefined when it was not opened or is closed. */
  addPart(groupId: string, part: ChordPart): Promise<ChordProgress>;
  /** The parts in the order of their index. */
  parts(groupId: string): Promise<readonly ChordPart[]>;
  /** Forgets the chord: only after the body's publish was confirmed. */
  closeChord(groupId: string): Promise<void>;
}

export interface ChordPart {
  readonly taskId: string;
  readonly index: number | undefined;
  readonly state: TaskState;
  readonly result: unknown;
}

export interface ChordProgress {
  readonly count: number;
  readonly size: number | undefined;
}
