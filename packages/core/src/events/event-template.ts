import { eventGroup } from './event.js';

/** What a field of an event may hold that is sent often. */
export type EventValue = string | number | boolean | null;

/** An event that is sent often: its type, and the names of its fields in their order. */
export class EventTemplate {
  readonly type: string;
  readonly group: string;
  readonly fields: readonly string[];
  /** In JSON, what stands before the value of each field. */
  readonly labels: readonly string[];
  /** In JSON, what it ends with. */
  readonly end: string;

  constructor(type: string, fields: readonly string[]) {
    this.type = type;
    this.group = eventGroup(type);
    this.fields = fields;
    this.labels = fields.map((field) => `,${JSON.stringify(field)}:`);
    this.end = `,"type":${JSON.stringify(type)}}`;
  }

  /** The fields by their names. */
  filledWith(values: readonly EventValue[]): Readonly<Record<string, EventValue>> {
    return Object.fromEntries(this.fields.map((field, index) => [field, values[index] ?? null]));
  }
}
