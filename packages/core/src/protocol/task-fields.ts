import { joinOf } from '../canvas/chord-join.js';
import type { SerializedSignature } from '../canvas/serialized-signature.js';
import { InvalidTaskMessageError } from '../errors/task-errors.js';
import { formatWireTime, parseWireTime } from './wire-time.js';

export type Mapping = Readonly<Record<string, unknown>>;

/** A plain object, as a JSON object becomes one; not a date, bytes, or another value that `__type__` stands for. */
export function isMapping(value: unknown): value is Mapping {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/**
 * Reads the members of a task message's headers, body or embed. Members that are missing, null or of a type that cannot be meant are null; those
 * that would change which task runs, and when, are errors.
 */
export class TaskFields {
  readonly #fields: Mapping;
  readonly #part: string;

  constructor(fields: unknown, part: string) {
    if (!isMapping(fields)) throw new InvalidTaskMessageError(`The ${part} of a task message has to be an object.`);
    this.#fields = fields;
    this.#part = part;
  }

  taskName(name: string): string {
    const value = this.#fields[name];
    if (typeof value === 'string' && value !== '') return value;
    throw this.#invalid(name, 'the name of a task');
  }

  /** Celery takes any value as an id and writes it into keys as text. */
  id(name: string): string {
    const id = this.idOrNull(name);
    if (id === null || id === '') throw this.#invalid(name, 'an id');
    return id;
  }

  idOrNull(name: string): string | null {
    const value = this.#fields[name];
    if (typeof value === 'string') return value;
    return typeof value === 'number' ? String(value) : null;
  }

  text(name: string): string | null {
    const value = this.#fields[name];
    return typeof value === 'string' ? value : null;
  }

  number(name: string): number | null {
    return toNumber(this.#fields[name]);
  }

  flag(name: string): boolean | null {
    const value = this.#fields[name];
    return typeof value === 'boolean' ? value : null;
  }

  mapping(name: string): Mapping {
    const value = this.#fields[name];
    return isMapping(value) ? value : {};
  }

  names(name: string): readonly string[] | null {
    const value = this.#fields[name];
    if (!Array.isArray(value)) return null;
    return value.every((item) => typeof item === 'string') ? value : value.map(String);
  }

  /** `timelimit` is `[hard, soft]`. */
  limit(index: 0 | 1): number | null {
    const value = this.#fields.timelimit;
    return Array.isArray(value) ? toNumber(value[index]) : null;
  }

  /** Checked here, so that nobody schedules an instant that cannot be read. */
  time(name: string): string | null {
    const value = this.#fields[name];
    if (value === undefined || value === null || value === '') return null;
    // AMQP has a type for times, and Python senders may use it.
    if (value instanceof Date) return formatWireTime(value);
    if (typeof value !== 'string') throw this.#invalid(name, 'an ISO 8601 time');
    parseWireTime(value);
    return value;
  }

  signature(name: string): SerializedSignature | null {
    const value = this.#fields[name];
    return value === undefined || value === null ? null : this.#toSignature(name, value);
  }

  /** The body of a chord, which may say how the chord is joined. */
  chord(name: string): SerializedSignature | null {
    const body = this.signature(name);
    if (body !== null) joinOf(body);
    return body;
  }

  signatures(name: string): readonly SerializedSignature[] | null {
    const value = this.#fields[name];
    if (value === undefined || value === null) return null;
    if (!Array.isArray(value)) return [this.#toSignature(name, value)];
    if (value.every(isComplete)) return value;
    return value.map((item) => this.#toSignature(name, item));
  }

  /** Fills in what a sender may leave out: `task` alone says what to call. */
  #toSignature(name: string, value: unknown): SerializedSignature {
    if (isComplete(value)) return value;
    if (!isMapping(value) || typeof value.task !== 'string') throw this.#invalid(name, 'made of signatures');
    return {
      ...value,
      task: value.task,
      args: Array.isArray(value.args) ? value.args : [],
      kwargs: isMapping(value.kwargs) ? value.kwargs : {},
      options: isMapping(value.options) ? value.options : {},
      subtask_type: typeof value.subtask_type === 'string' ? value.subtask_type : null,
      immutable: value.immutable === true,
    };
  }

  #invalid(name: string, expected: string): InvalidTaskMessageError {
    const value = this.#fields[name];
    const problem = value === undefined ? 'is missing' : `is not ${expected}`;
    return new InvalidTaskMessageError(`The ${this.#part} '${name}' of a task message ${problem}.`);
  }
}

function toNumber(value: unknown): number | null {
  if (typeof value === 'number') return value;
  return typeof value === 'bigint' ? Number(value) : null;
}

function isComplete(value: unknown): value is SerializedSignature {
  return (
    isMapping(value) &&
    typeof value.task === 'string' &&
    Array.isArray(value.args) &&
    isMapping(value.kwargs) &&
    isMapping(value.options) &&
    (value.subtask_type === null || typeof value.subtask_type === 'string') &&
    typeof value.immutable === 'boolean'
  );
}
