import type { EventFields } from './event-sender.js';
import { type EventMaking, makeEvent, utcOffset, type WireEvent, type WrittenEvent } from './event.js';
import type { EventTemplate, EventValue } from './event-template.js';

/** Needs no escapes in JSON. */
const plainText = /^[ !#-[\]-~]*$/;

/** Makes the events of one node. Those that are sent often are written as JSON at once, where that is what is sent: it costs a third. */
export class EventWriter {
  readonly #making: EventMaking;
  readonly #node: string;
  #writesJson: boolean | undefined;
  /** Of the moment for which these were written. */
  #now = Number.NaN;
  #start = '';
  #timestamp = '';

  constructor(making: EventMaking, node: string) {
    this.#making = making;
    this.#node = node;
  }

  /** Something happens now. */
  event(type: string, fields: EventFields): WireEvent {
    return makeEvent(this.#making, type, fields, this.#node);
  }

  /** The same, for a template. @param values of its fields, in their order */
  written(template: EventTemplate, values: readonly EventValue[]): WrittenEvent {
    const { content, settings, clock, logicalClock } = this.#making;
    this.#writesJson ??= content.encodeJson('null', settings.eventSerializer) !== undefined;
    const fields = this.#writesJson ? jsonOf(template, values) : undefined;
    if (fields === undefined) return this.event(template.type, template.filledWith(values));
    this.#see(clock.now());
    return `${this.#start}${logicalClock.forward()}${fields}${this.#timestamp}${template.end}`;
  }

  #see(now: number): void {
    if (now === this.#now) return;
    this.#now = now;
    this.#start = `{"hostname":${JSON.stringify(this.#node)},"utcoffset":${utcOffset(now)},"pid":${process.pid},"clock":`;
    this.#timestamp = `,"timestamp":${now / 1_000}`;
  }
}

/** Undefined where a number is none that JSON has. */
function jsonOf({ labels }: EventTemplate, values: readonly EventValue[]): string | undefined {
  let text = '';
  for (let index = 0; index < labels.length; index += 1) {
    const value = values[index] ?? null;
    if (typeof value === 'number' && !isPlain(value)) return undefined;
    text += labels[index];
    text += typeof value === 'string' ? quoted(value) : String(value);
  }
  return text;
}

function quoted(text: string): string {
  return plainText.test(text) ? `"${text}"` : JSON.stringify(text);
}

/** What is left to the serializer: -0, infinities, integers that are not exact. */
function isPlain(value: number): boolean {
  return Number.isInteger(value) ? Number.isSafeInteger(value) && !Object.is(value, -0) : Number.isFinite(value);
}
