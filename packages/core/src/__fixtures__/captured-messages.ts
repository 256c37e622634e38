import {
  decodeEnvelope,
  jsonSerializer,
  type Message,
  type MessageProperties,
  PlainDate,
  WireDate,
} from '@ctq/messaging';
import { loadVectors, vectorNames, type WireVector } from '@ctq/wire-vectors';

/** A message that real Celery published, and what Python read in its body. */
export interface CapturedMessage {
  /** `file: name`, for titles. */
  readonly title: string;
  readonly vector: WireVector;
  readonly message: Message;
  readonly decodedBody: unknown;
}

interface RawMessage {
  readonly payload?: string;
  readonly body_base64?: string;
  readonly properties?: Readonly<Record<string, unknown>>;
  readonly decoded_body?: unknown;
}

/** The messages of the files whose names begin so; of both builds. */
export function capturedMessages(...prefixes: readonly string[]): readonly CapturedMessage[] {
  const files = vectorNames().filter((file) =>
    prefixes.some((prefix) => file.replace('release/', '').startsWith(prefix)),
  );
  return files.flatMap((file) => loadVectors(file).flatMap((vector) => messagesOf(file, vector)));
}

/** The envelope of one hand-made message. */
export function envelopeMessage(payload: string): Message {
  return decodeEnvelope(payload).message;
}

function messagesOf(file: string, vector: WireVector): readonly CapturedMessage[] {
  const messages = (vector.raw.messages ?? []) as readonly RawMessage[];
  return messages.map((raw, index) => ({
    title: `${file}: ${vector.name}${index === 0 ? '' : ` ${index + 1}`}`,
    vector,
    message: raw.payload === undefined ? amqpMessage(raw) : envelopeMessage(raw.payload),
    decodedBody: fromPython(raw.decoded_body),
  }));
}

function amqpMessage({ body_base64 = '', properties = {} }: RawMessage): Message {
  const { headers, 'content-type': contentType, 'content-encoding': contentEncoding, ...basic } = properties;
  const renamed = Object.entries(basic).map(([name, value]) => [
    name.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase()),
    value,
  ]);
  return {
    body: Buffer.from(body_base64, 'base64'),
    contentType: String(contentType),
    contentEncoding: String(contentEncoding),
    headers: headers as Message['headers'],
    properties: Object.fromEntries(renamed) as MessageProperties,
  };
}

/** Values that the capture could not write as JSON, as ctq has them. */
function fromPython(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(fromPython);
  if (typeof value !== 'object' || value === null) return value;
  const members = value as Readonly<Record<string, unknown>>;
  const names = Object.keys(members).join();
  if (names === 'base64') return new Uint8Array(Buffer.from(String(members.base64), 'base64'));
  if (names === '$float') return Number(members.$float);
  if (names === '__type__,__value__') return jsonSerializer.parse(JSON.stringify(members));
  if (names === '__py__,repr' && members.__py__ === 'datetime') return new WireDate('2030-01-02T03:04:05');
  if (names === '__py__,repr' && members.__py__ === 'date') return new PlainDate(2030, 1, 2);
  if (names === '__py_set__') return new Set((members.__py_set__ as readonly unknown[]).map(fromPython));
  return Object.fromEntries(Object.entries(members).map(([name, member]) => [name, fromPython(member)]));
}
