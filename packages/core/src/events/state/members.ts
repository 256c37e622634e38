import { EventLog } from './event-log.js';
import { FamilyTies } from './family-ties.js';
import { OldestFirst } from './oldest-first.js';
import { TaskRecord } from './task-record.js';
import { WorkerRecord } from './worker-record.js';

export interface MembersOptions {
  readonly maxWorkers: number;
  readonly maxTasks: number;
  /** Seconds since the epoch. */
  readonly now: () => number;
}

const entriesPerTask = 4;

/** The workers and tasks of a cluster that are known: so many at most, and nothing is kept of those that are forgotten (kombu 5.6 utils/functional.py, LRUCache). */
export class Members {
  readonly log: EventLog;
  readonly #options: MembersOptions;
  readonly #workers = new Map<string, WorkerRecord>();
  readonly #tasks = new Map<string, TaskRecord>();
  readonly #oldestWorkers = new OldestFirst(this.#workers);
  readonly #oldestTasks = new OldestFirst(this.#tasks);
  readonly #ties = new FamilyTies();

  /** @throws RangeError for limits that are no whole numbers from 1. */
  constructor(options: MembersOptions) {
    checkLimit('maxWorkers', options.maxWorkers);
    checkLimit('maxTasks', options.maxTasks);
    this.#options = options;
    this.log = new EventLog(options.maxTasks * entriesPerTask);
  }

  get workers(): ReadonlyMap<string, WorkerRecord> {
    return this.#workers;
  }

  get tasks(): ReadonlyMap<string, TaskRecord> {
    return this.#tasks;
  }

  /** One that is not kept. */
  strangeWorker(hostname: string): WorkerRecord {
    return new WorkerRecord(hostname, this.#options.now);
  }

  worker(hostname: string): WorkerRecord {
    const found = this.#workers.get(hostname);
    if (found !== undefined) return found;
    if (this.#workers.size >= this.#options.maxWorkers)
      this.#workers.delete(this.#oldestWorkers.next()?.hostname ?? '');
    const worker = this.strangeWorker(hostname);
    this.#workers.set(hostname, worker);
    return worker;
  }

  task(uuid: string): TaskRecord {
    const found = this.#tasks.get(uuid);
    if (found !== undefined) return found;
    const oldest = this.#tasks.size >= this.#options.maxTasks ? this.#oldestTasks.next() : undefined;
    if (oldest !== undefined) this.forgetTask(oldest);
    const task = new TaskRecord(uuid, this.#tasks);
    this.#tasks.set(uuid, task);
    this.#ties.arrived(task);
    return task;
  }

  /** Makes it a child of its parent, which is kept as long as its children are heard of. */
  tie(task: TaskRecord, { keepsParent = true }: { readonly keepsParent?: boolean } = {}): void {
    const { parent_id: parentId } = task.fields;
    if (parentId === null || parentId === '') return;
    const parent = this.#tasks.get(parentId);
    if (parent !== undefined && keepsParent) {
      this.#tasks.delete(parentId);
      this.#tasks.set(parentId, parent);
    }
    this.#ties.tie(task, parentId, parent);
  }

  forgetWorker(hostname: string): void {
    this.#workers.delete(hostname);
  }

  forgetTask(task: TaskRecord): void {
    this.#tasks.delete(task.uuid);
    this.log.forget(task);
    this.#ties.forget(task, this.#tasks);
  }

  forgetWorkers(): void {
    this.#workers.clear();
  }
}

function checkLimit(name: string, limit: number): void {
  if (!Number.isInteger(limit) || limit < 1) throw new RangeError(`${name} is a whole number from 1, not ${limit}.`);
}
