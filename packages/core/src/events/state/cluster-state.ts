import { type Logger, silentLogger, systemClock, toError } from '@ctq/runtime';
import { type ClusterSnapshot, readSnapshot, type ReadSnapshot } from './cluster-snapshot.js';
import type {
  ClearOptions,
  ClusterStateOptions,
  EventToTell,
  FreezeOptions,
  TaskQuery,
} from './cluster-state-options.js';
import { DriftWatch } from './drift-watch.js';
import { Freezer } from './freezer.js';
import { Members } from './members.js';
import type { TaskRecord } from './task-record.js';
import type { WorkerRecord } from './worker-record.js';

/** Names that are made anew for each call must not fill the memory. */
const mostTypes = 10_000;

/**
 * What a cluster looks like from its events: workers, and tasks with their states, in memory and bounded (celery 5.6 events/state.py, State). Events may come in any order and
 * more than once. What is no event, or tells nothing that can be used, is passed over.
 *
 * ```ts
 * const state = new ClusterState();
 * for await (const event of receiver) state.event(event);
 * ```
 */
export class ClusterState {
  readonly #options: ClusterStateOptions;
  readonly #logger: Logger;
  readonly #members: Members;
  readonly #taskTypes = new Set<string>();
  readonly #drift: DriftWatch;
  readonly #freezer = new Freezer<object>((event) => this.#take(event));
  #eventCount = 0;
  #taskCount = 0;

  /** @throws RangeError for limits that are no whole numbers from 1. */
  constructor(options: ClusterStateOptions = {}) {
    const { maxWorkers = 5_000, maxTasks = 10_000, clock = systemClock, logger = silentLogger } = options;
    this.#options = options;
    this.#logger = logger;
    this.#drift = new DriftWatch(logger);
    this.#members = new Members({ maxWorkers, maxTasks, now: () => clock.now() / 1_000 });
  }

  /** As `toJSON` wrote it, perhaps in another process; what cannot be read of it is passed over. @throws TypeError for what is no snapshot at all. */
  static restore(saved: unknown, options: ClusterStateOptions = {}): ClusterState {
    const state = new ClusterState(options);
    state.#restore(readSnapshot(saved));
    return state;
  }

  /** By node name, those first that were heard of first. */
  get workers(): ReadonlyMap<string, WorkerRecord> {
    return this.#members.workers;
  }

  /** By id, those first that are to be forgotten first. */
  get tasks(): ReadonlyMap<string, TaskRecord> {
    return this.#members.tasks;
  }

  /** Events since the start, or since it was cleared. */
  get eventCount(): number {
    return this.#eventCount;
  }

  /** How often a worker received a task since then. */
  get taskCount(): number {
    return this.#taskCount;
  }

  /** Events that came while the state was frozen, and were too many. */
  get lostCount(): number {
    return this.#freezer.lostCount;
  }

  /** Takes in an event as a receiver gives it, or anybody made it. Never throws. */
  event(event: object): void {
    this.#freezer.put(event);
  }

  /** Tasks by their last event. */
  tasksByTime(query: TaskQuery = {}): readonly TaskRecord[] {
    return this.#tasksWhere(() => true, query);
  }

  tasksByType(name: string, query: TaskQuery = {}): readonly TaskRecord[] {
    return this.#tasksWhere((task) => task.name === name, query);
  }

  /** @param hostname node name */
  tasksByWorker(hostname: string, query: TaskQuery = {}): readonly TaskRecord[] {
    return this.#tasksWhere((task) => task.worker?.hostname === hostname, query);
  }

  /** Names of all tasks that there were, in order. */
  taskTypes(): readonly string[] {
    return [...this.#taskTypes].toSorted();
  }

  aliveWorkers(): readonly WorkerRecord[] {
    return [...this.workers.values()].filter(({ isAlive }) => isAlive);
  }

  /**
   * Nothing changes while somebody looks, who may take his time: events that come meanwhile are taken in afterwards. One looks after the other; who waits in `look` for another
   * look waits for ever. Resolves with what `look` gives. @throws what it throws.
   */
  freezeWhile<Seen>(
    look: (state: this) => Seen | Promise<Seen>,
    { clearAfter = false }: FreezeOptions = {},
  ): Promise<Seen> {
    return this.#freezer.freezeWhile(async () => {
      const seen = await look(this);
      if (clearAfter) this.clear();
      return seen;
    });
  }

  /** Forgets workers, tasks and counts; tasks that have not ended stay, unless `ready` is false. */
  clear(options: ClearOptions = {}): void {
    this.#members.forgetWorkers();
    this.clearTasks(options);
    this.#eventCount = 0;
    this.#taskCount = 0;
  }

  /** The same of tasks alone. Those that stay are found by time again from their next event on. */
  clearTasks({ ready = true }: ClearOptions = {}): void {
    this.#members.log.clear();
    for (const task of [...this.tasks.values()]) if (!ready || task.isReady) this.#members.forgetTask(task);
  }

  /** For a file: everything but when events were that are not the last one of a task. */
  toJSON(): ClusterSnapshot {
    return {
      ...{ version: 1, eventCount: this.#eventCount, taskCount: this.#taskCount, taskTypes: this.taskTypes() },
      workers: [...this.workers.values()].map((worker) => worker.toJSON()),
      tasks: [...this.tasks.values()].map((task) => task.toJSON()),
    };
  }

  #take(event: object): void {
    if (!isEvent(event)) return;
    this.#eventCount += 1;
    const { onEvent } = this.#options;
    if (onEvent !== undefined) this.#tell(() => onEvent(event));
    // celery 5.6 events/event.py, group_from: up to the first dash.
    const { type } = event;
    const dash = type.indexOf('-');
    const group = dash === -1 ? type : type.slice(0, dash);
    const subject = dash === -1 ? '' : type.slice(dash + 1);
    if (group === 'worker') this.#takeWorkerEvent(subject, event);
    else if (group === 'task') this.#takeTaskEvent(subject, event);
  }

  #takeWorkerEvent(subject: string, event: EventToTell): void {
    const { hostname, timestamp, local_received: receivedAt } = event;
    if (typeof hostname !== 'string') return;
    const isOffline = subject === 'offline';
    const isNew = !this.workers.has(hostname);
    // Of one that goes and was never heard of nothing is kept.
    const worker = isOffline && isNew ? this.#members.strangeWorker(hostname) : this.#members.worker(hostname);
    worker.tell(event);
    worker.count(`worker-${subject}`);
    if (isOffline) worker.silence();
    else if (isInstant(receivedAt) && isInstant(timestamp)) this.#beat(worker, receivedAt, timestamp);
    const { onNodeJoin, onNodeLeave } = this.#options;
    if (subject === 'online' || (isNew && !isOffline)) this.#tell(() => onNodeJoin?.(worker));
    if (!isOffline || onNodeLeave === undefined) return;
    this.#tell(() => onNodeLeave(worker));
    this.#members.forgetWorker(hostname);
  }

  #takeTaskEvent(subject: string, event: EventToTell): void {
    const { uuid, hostname, timestamp, local_received: receivedAt, clock } = event;
    if (typeof uuid !== 'string' || typeof hostname !== 'string' || !isNumber(timestamp)) return;
    const task = this.#members.task(uuid);
    let origin = hostname;
    if (subject === 'sent') task.sentBy(hostname);
    else {
      const worker = this.#members.worker(hostname);
      task.runBy(worker);
      worker.count(`task-${subject}`);
      // Celery keeps when it was sent here, and of a worker's own events when it was received.
      if (isInstant(receivedAt) && isInstant(timestamp)) this.#beat(worker, timestamp, receivedAt);
      origin = worker.id;
    }
    this.#members.log.add(task, isNumber(clock) ? clock : null, timestamp, origin);
    if (subject === 'received') this.#taskCount += 1;
    task.tell(subject, timestamp, event);
    if (task.name !== undefined) this.#addType(task.name);
    this.#members.tie(task);
  }

  /** Both in seconds since the epoch. */
  #beat(worker: WorkerRecord, at: number, other: number): void {
    const drift = worker.beat(at, other);
    if (drift !== undefined) this.#drift.warn(worker.hostname, drift, at, other);
  }

  #addType(name: string): void {
    if (this.#taskTypes.has(name)) return;
    const [first] = this.#taskTypes;
    if (this.#taskTypes.size >= mostTypes && first !== undefined) this.#taskTypes.delete(first);
    this.#taskTypes.add(name);
  }

  #tasksWhere(
    isMeant: (task: TaskRecord) => boolean,
    { limit = Number.POSITIVE_INFINITY, reverse = false }: TaskQuery,
  ): readonly TaskRecord[] {
    const found: TaskRecord[] = [];
    for (const task of this.#members.log.tasks(reverse ? 'earliest-first' : 'latest-first')) {
      if (found.length >= limit) break;
      if (isMeant(task)) found.push(task);
    }
    return found;
  }

  #tell(listener: () => void): void {
    try {
      listener();
    } catch (error) {
      this.#logger.error({ err: toError(error) }, 'A listener of the state of a cluster threw');
    }
  }

  #restore({ workers, tasks, taskTypes, eventCount, taskCount }: ReadSnapshot): void {
    for (const { hostname, saved } of workers) this.#members.worker(hostname).restore(saved);
    for (const { uuid, worker, saved } of tasks) {
      const by = worker === undefined ? undefined : (this.workers.get(worker) ?? this.#members.strangeWorker(worker));
      this.#members.task(uuid).restore(saved, by);
    }
    for (const task of this.tasks.values()) this.#members.tie(task, { keepsParent: false });
    this.#members.log.rebuild(this.tasks.values());
    for (const name of taskTypes) this.#addType(name);
    this.#eventCount = eventCount;
    this.#taskCount = taskCount;
  }
}

/** Whatever the compiler was told. */
function isEvent(value: unknown): value is EventToTell & { readonly type: string } {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

/** Python takes 0 for none. */
function isInstant(value: unknown): value is number {
  return isNumber(value) && value !== 0;
}
