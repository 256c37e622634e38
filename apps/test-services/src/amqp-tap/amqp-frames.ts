import { type FieldTable, FieldReader } from './field-reader.js';

/** A method as a client sent it, with what followed it: header and body of a message. */
export interface SentMethod {
  readonly channel: number;
  /** `queue.declare`, or its numbers where the names are not known here. */
  readonly name: string;
  /** By the names of the specification; field tables with their types. */
  readonly args: Readonly<Record<string, unknown>>;
  readonly content?: SentContent;
  /** All of its frames. */
  readonly bytes: Buffer;
}

export interface SentContent {
  /** Which properties are there, a bit for each. */
  readonly flags: number;
  readonly headers: FieldTable;
  /** Class, size of the body, properties: the header frame without what is around it. */
  readonly header: Buffer;
  readonly body: Buffer;
}

const frameTypes = { method: 1, header: 2, body: 3 } as const;
const protocolHeader = Buffer.from('AMQP');
/** Type, channel, size of the payload; behind it the octet that ends a frame. */
const around = { before: 7, after: 1 };

type Kind = 'short' | 'shortText' | 'bits' | 'table';
type Field = readonly [kind: Kind, ...names: string[]];

/** Of the specification of AMQP 0-9-1 what declares and publishes. */
const methods: ReadonlyMap<string, readonly [name: string, ...fields: Field[]]> = new Map([
  [
    '40.10',
    [
      'exchange.declare',
      ['short', 'ticket'],
      ['shortText', 'exchange'],
      ['shortText', 'type'],
      ['bits', 'passive', 'durable', 'auto-delete', 'internal', 'nowait'],
      ['table', 'arguments'],
    ],
  ],
  [
    '40.30',
    [
      'exchange.bind',
      ['short', 'ticket'],
      ['shortText', 'destination'],
      ['shortText', 'source'],
      ['shortText', 'routing-key'],
      ['bits', 'nowait'],
      ['table', 'arguments'],
    ],
  ],
  [
    '50.10',
    [
      'queue.declare',
      ['short', 'ticket'],
      ['shortText', 'queue'],
      ['bits', 'passive', 'durable', 'exclusive', 'auto-delete', 'nowait'],
      ['table', 'arguments'],
    ],
  ],
  [
    '50.20',
    [
      'queue.bind',
      ['short', 'ticket'],
      ['shortText', 'queue'],
      ['shortText', 'exchange'],
      ['shortText', 'routing-key'],
      ['bits', 'nowait'],
      ['table', 'arguments'],
    ],
  ],
  [
    '60.40',
    [
      'basic.publish',
      ['short', 'ticket'],
      ['shortText', 'exchange'],
      ['shortText', 'routing-key'],
      ['bits', 'mandatory', 'immediate'],
    ],
  ],
]);

/** What one client sent over a connection, as far as it has come. */
export function readMethods(sent: Buffer): readonly SentMethod[] {
  const found: Open[] = [];
  const open = new Map<number, Open>();
  let at = sent.subarray(0, protocolHeader.length).equals(protocolHeader) ? 8 : 0;
  while (sent.length >= at + around.before) {
    const end = at + around.before + sent.readUInt32BE(at + 3) + around.after;
    if (sent.length < end) break;
    const frame = sent.subarray(at, end);
    at = end;
    const channel = frame.readUInt16BE(1);
    if (frame[0] === frameTypes.method) {
      const method = { channel, frames: [frame] };
      open.set(channel, method);
      found.push(method);
    } else if (frame[0] === frameTypes.header || frame[0] === frameTypes.body) open.get(channel)?.frames.push(frame);
  }
  return found.map(readMethod);
}

interface Open {
  readonly channel: number;
  readonly frames: Buffer[];
}

function readMethod({ channel, frames: [first = Buffer.of(), header, ...bodies], frames }: Open): SentMethod {
  const payload = payloadOf(first);
  const numbers = `${payload.readUInt16BE(0)}.${payload.readUInt16BE(2)}`;
  const [name, ...fields] = methods.get(numbers) ?? [numbers];
  const reader = new FieldReader(payload, 4);
  const args = Object.fromEntries(fields.flatMap((field) => readField(reader, field)));
  const content = header === undefined ? {} : { content: readContent(payloadOf(header), bodies.map(payloadOf)) };
  return { channel, name, args, ...content, bytes: Buffer.concat(frames) };
}

function readField(reader: FieldReader, [kind, ...names]: Field): readonly (readonly [string, unknown])[] {
  if (kind === 'bits') {
    const bits = reader.octet();
    return names.map((name, index) => [name, (bits & (1 << index)) !== 0]);
  }
  const [name = ''] = names;
  return [[name, kind === 'table' ? reader.table() : kind === 'short' ? reader.short() : reader.shortText()]];
}

const has = { contentType: 0x80_00, contentEncoding: 0x40_00, headers: 0x20_00 };

function readContent(payload: Buffer, bodies: readonly Buffer[]): SentContent {
  // Class, weight, size of the body.
  const reader = new FieldReader(payload, 12);
  const flags = reader.short();
  if ((flags & has.contentType) !== 0) reader.shortText();
  if ((flags & has.contentEncoding) !== 0) reader.shortText();
  const headers = (flags & has.headers) === 0 ? {} : reader.table();
  return { flags, headers, header: payload, body: Buffer.concat(bodies) };
}

function payloadOf(frame: Buffer): Buffer {
  return frame.subarray(around.before, frame.length - around.after);
}
