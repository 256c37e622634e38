import { saferepr } from '../protocol/args-repr.js';

/** Types that have a word of their own. */
const words: Readonly<Record<string, string>> = {
  ...{ 'worker-offline': 'shutdown', 'worker-online': 'started', 'worker-heartbeat': 'heartbeat' },
};
/** What JSON writes with a point in Python even where nothing is behind it. */
const floats: ReadonlySet<string> = new Set(['local_received', 'runtime', 'loadavg']);
const callsRemembered = 4_095;
/** Of a value that is no text. */
const longestValue = 10_000;

/** Writes events as lines for people, as `celery events --dump` does (celery 5.6 events/dumper.py, Dumper). */
export class EventDump {
  /** By id: what later events of a task do not tell. */
  readonly #calls = new Map<string, string>();

  /** @param event as a receiver gives it */
  line(event: object): string {
    const { type, timestamp, hostname, ...fields }: Fields = Object.fromEntries<unknown>(Object.entries(event));
    const words = wordsOf(String(type).toLowerCase());
    const what = words.startsWith('task ') ? ` ${this.#call(words, fields)}` : '';
    const shown = Object.keys(fields)
      .sort(byCodePoints)
      .map((name) => `${name}=${textOf(name, fields[name])}`)
      .join(', ');
    return `${shortText(hostname)} [${instantOf(timestamp)}] ${words}${shown === '' ? '' : ':'}${what} ${shown}`;
  }

  /** Takes what it shows out of the fields. */
  #call(words: string, fields: Fields): string {
    const { uuid } = fields;
    delete fields['uuid'];
    const id = shortText(uuid);
    if (words !== 'task received' && words !== 'task sent') return this.#calls.get(id) ?? '';
    const { name, args, kwargs } = fields;
    for (const shown of ['name', 'args', 'kwargs']) delete fields[shown];
    const call = `${shortText(name)}(${id}) args=${shortText(args)} kwargs=${shortText(kwargs)}`;
    const [first] = this.#calls.keys();
    if (this.#calls.size >= callsRemembered && !this.#calls.has(id) && first !== undefined) this.#calls.delete(first);
    this.#calls.set(id, call);
    return call;
  }
}

type Fields = Record<string, unknown>;

function wordsOf(type: string): string {
  return Object.hasOwn(words, type) ? (words[type] ?? type) : type.replaceAll('-', ' ');
}

/** Python's `str`. */
function shortText(value: unknown): string {
  return typeof value === 'string' ? value : saferepr(value ?? null, longestValue);
}

function textOf(name: string, value: unknown): string {
  if (!floats.has(name)) return shortText(value);
  if (Array.isArray(value)) return `[${value.map((one: unknown) => textOf(name, one)).join(', ')}]`;
  return Number.isInteger(value) ? `${String(value)}.0` : shortText(value);
}

/** `2030-01-01 00:00:00.000001+00:00`, as Python writes an instant; microseconds that there are none of are left out. */
function instantOf(seconds: unknown): string {
  const at = new Date(Math.floor(Number(seconds)) * 1_000);
  if (typeof seconds !== 'number' || Number.isNaN(at.getTime())) return shortText(seconds);
  const micros = roundHalfEven((seconds - Math.floor(seconds)) * 1_000_000);
  const whole = micros === 1_000_000 ? new Date(at.getTime() + 1_000) : at;
  const fraction = micros === 0 || micros === 1_000_000 ? '' : `.${String(micros).padStart(6, '0')}`;
  return `${whole.toISOString().slice(0, 19).replace('T', ' ')}${fraction}+00:00`;
}

function roundHalfEven(value: number): number {
  const rounded = Math.round(value);
  return rounded - value === 0.5 && rounded % 2 === 1 ? rounded - 1 : rounded;
}

/** Python's order of texts. */
function byCodePoints(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
