import { readyStates, statePrecedence, type TaskState } from '../../result/states.js';
import { readField } from '../event-fields.js';
import { type TaskFields, type TaskSnapshot, unknownFields } from './task-fields.js';
import type { WorkerRecord } from './worker-record.js';

/** The tasks that are known. */
export type TasksById = ReadonlyMap<string, TaskRecord>;

/** Events whose name is not the state that they stand for. */
const stateOf: Readonly<Record<string, TaskState>> = {
  ...{ sent: 'PENDING', received: 'RECEIVED', started: 'STARTED', failed: 'FAILURE', retried: 'RETRY' },
  ...{ succeeded: 'SUCCESS', revoked: 'REVOKED', rejected: 'REJECTED' },
};
/** What `task-received` tells also of a task that is further already. */
const receivedFields: ReadonlySet<string> = new Set([
  ...['name', 'args', 'kwargs', 'parent_id', 'root_id', 'retries', 'eta', 'expires'],
]);
const ownFields: ReadonlySet<string> = new Set([
  ...['name', 'args', 'kwargs', 'eta', 'expires', 'retries', 'result', 'exception', 'timestamp', 'runtime'],
  ...['traceback', 'exchange', 'routing_key', 'clock', 'root_id', 'parent_id'],
]);
const moments = ['sent', 'received', 'started', 'rejected', 'succeeded', 'failed', 'retried', 'revoked'] as const;
/** Of the event, not of the task. */
const envelopeFields: ReadonlySet<string> = new Set([
  ...['type', 'uuid', 'hostname', 'pid', 'utcoffset', 'local_received', 'state', 'client', ...moments],
]);
/** How many other fields are kept of a task: who sends ever new ones must not fill the memory. */
const othersKept = 32;

/** What is known of a task from its events (celery 5.6 events/state.py, Task). */
export class TaskRecord {
  readonly uuid: string;
  readonly #tasks: TasksById;
  readonly #fields: TaskFields = unknownFields();
  // Most tasks have none: there may be many tasks.
  #children: Set<TaskRecord> | undefined;
  #more: Map<string, unknown> | undefined;
  #worker: WorkerRecord | undefined;

  constructor(uuid: string, tasks: TasksById) {
    this.uuid = uuid;
    this.#tasks = tasks;
  }

  /** What events have told of it. */
  get fields(): Readonly<TaskFields> {
    return this.#fields;
  }

  /** What events have told beside: `queue`, `terminated`, what a program's own events say. */
  get more(): ReadonlyMap<string, unknown> {
    return this.#more ?? new Map();
  }

  /** Undefined until an event with it comes. */
  get name(): string | undefined {
    return this.#fields.name ?? undefined;
  }

  get state(): TaskState {
    return this.#fields.state;
  }

  /** Whether nothing is to follow. */
  get isReady(): boolean {
    return readyStates.has(this.#fields.state);
  }

  /** Undefined while only its client has told of it. */
  get worker(): WorkerRecord | undefined {
    return this.#worker;
  }

  /** Who told of it: the worker's name and process, or the client. */
  get origin(): string | undefined {
    return this.#worker?.id ?? this.#fields.client ?? undefined;
  }

  /** The task in which it was sent, as far as that is known. */
  get parent(): TaskRecord | undefined {
    return this.#other(this.#fields.parent_id);
  }

  /** The first one of its workflow. */
  get root(): TaskRecord | undefined {
    return this.#other(this.#fields.root_id);
  }

  /** Those that were sent in it. */
  get children(): ReadonlySet<TaskRecord> {
    return this.#children ?? new Set();
  }

  toJSON(): TaskSnapshot {
    const { root_id, parent_id } = this.#fields;
    return {
      ...{ uuid: this.uuid, ...this.#fields, worker: this.#worker?.hostname ?? null },
      ...{ root: root_id, parent: parent_id, children: [...this.children].map(({ uuid }) => uuid) },
      more: asJson(this.#more),
    };
  }

  sentBy(client: string): void {
    this.#fields.client = client;
  }

  runBy(worker: WorkerRecord): void {
    this.#worker = worker;
  }

  addChild(child: TaskRecord): void {
    this.#children ??= new Set();
    this.#children.add(child);
  }

  dropChild(child: TaskRecord): void {
    this.#children?.delete(child);
  }

  /**
   * Takes over what an event tells. One that logically comes before what is known already does not change the state, whenever it arrives.
   * @param subject what its type says behind `task-`
   * @param timestamp seconds since the epoch
   */
  tell(subject: string, timestamp: number, event: Readonly<Record<string, unknown>>): void {
    const own = this.#fields;
    const known = Object.hasOwn(stateOf, subject) ? stateOf[subject] : undefined;
    if (known !== undefined) Reflect.set(own, subject, timestamp);
    const state = known ?? subject.toUpperCase();
    const isBefore = state !== 'RETRY' && own.state !== 'RETRY' && statePrecedence(state) > statePrecedence(own.state);
    this.#take(event, isBefore && state === 'RECEIVED' ? receivedFields : ownFields);
    if (isBefore) return;
    own.state = state;
    own.timestamp = timestamp;
  }

  /** As it was when it was written, as far as that can be read. */
  restore(saved: Readonly<Record<string, unknown>>, worker: WorkerRecord | undefined): void {
    for (const field of ownFields) if (Object.hasOwn(saved, field)) this.#set(field, saved[field]);
    for (const moment of moments) {
      const at = saved[moment];
      if (typeof at === 'number') this.#fields[moment] = at;
    }
    const { state, client, more } = saved;
    if (typeof state === 'string') this.#fields.state = state;
    if (typeof client === 'string') this.#fields.client = client;
    if (typeof more === 'object' && more !== null)
      for (const [field, value] of Object.entries(more)) this.#keep(field, value);
    this.#worker = worker;
  }

  #take(event: Readonly<Record<string, unknown>>, wanted: ReadonlySet<string>): void {
    for (const field in event) {
      if (wanted.has(field)) this.#set(field, event[field]);
      else if (wanted === ownFields && !envelopeFields.has(field)) this.#keep(field, event[field]);
    }
  }

  /** @param field one of its own */
  #set(field: string, given: unknown): void {
    const value = readField(field, given);
    // They order events: what is no number leaves the former.
    if (value !== null || (field !== 'clock' && field !== 'timestamp')) Reflect.set(this.#fields, field, value);
  }

  #keep(field: string, value: unknown): void {
    this.#more ??= new Map();
    if (this.#more.size < othersKept || this.#more.has(field)) this.#more.set(field, value);
  }

  #other(id: string | null): TaskRecord | undefined {
    return id === null ? undefined : this.#tasks.get(id);
  }
}

/** What JSON cannot hold is left out, or a text. */
function asJson(values: ReadonlyMap<string, unknown> | undefined): Readonly<Record<string, unknown>> {
  const found: Record<string, unknown> = {};
  for (const [name, value] of values ?? []) {
    try {
      const text = JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'bigint' ? `${inner}` : inner));
      Object.defineProperty(found, name, { value: JSON.parse(text), enumerable: true, configurable: true });
    } catch {
      // A cycle, or nothing at all.
    }
  }
  return found;
}
