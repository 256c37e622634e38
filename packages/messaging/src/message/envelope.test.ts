import { loadVectors } from '@ctq/wire-vectors';
import { describe, expect, test } from 'vitest';
import { isHandled } from '../__fixtures__/is-handled.js';
import { DecodeError } from '../errors.js';
import { createContentCodec } from '../serialization/content-codec.js';
import { decodeEnvelope, encodeEnvelope } from './envelope.js';
import type { Message } from './message.js';

interface Captured {
  readonly label: string;
  readonly payload: string;
  readonly decoded_body: unknown;
}

/** Every envelope of a file, wherever in a vector it stands. */
function envelopes(file: string): Captured[] {
  return loadVectors(file).flatMap((vector) =>
    [...payloads(vector.raw)].map((found, index) => ({ ...found, label: `${file} ${vector.name} ${index}` })),
  );
}

function* payloads(value: unknown): Generator<Omit<Captured, 'label'>> {
  if (typeof value !== 'object' || value === null) return;
  const { payload, decoded_body } = value as { readonly payload?: unknown; readonly decoded_body?: unknown };
  if (typeof payload === 'string') yield { payload, decoded_body };
  for (const member of Object.values(value)) yield* payloads(member);
}

const captured = ['task_messages_v2.redis', 'task_messages_v1.redis', 'worker_published.redis'].flatMap(envelopes);

const message: Message = {
  body: Buffer.from('[1]'),
  contentType: 'application/json',
  contentEncoding: 'utf-8',
  headers: { task: 'add', id: 'x' },
  properties: { correlationId: 'x', deliveryMode: 2 },
};
const route = { exchange: '', routingKey: 'celery' };

function wire(change: (envelope: Record<string, unknown>, properties: Record<string, unknown>) => void): string {
  const envelope = JSON.parse(encodeEnvelope(message, route, 'tag-1')) as Record<string, unknown>;
  change(envelope, envelope.properties as Record<string, unknown>);
  return JSON.stringify(envelope);
}

describe('[MS-086] [MS-087] An envelope that Celery made', () => {
  test('was captured often enough', () => {
    expect(captured.length).toBeGreaterThan(100);
  });

  test.each(captured)('is read and written again to equal JSON: $label', ({ payload }) => {
    const { message: read, route: readRoute, deliveryTag, redelivered } = decodeEnvelope(payload);
    expect(JSON.parse(encodeEnvelope(read, readRoute, deliveryTag))).toEqual(JSON.parse(payload));
    expect(redelivered).toBe(false);
  });

  const readable = captured.filter(({ payload, decoded_body }) => {
    const envelope = JSON.parse(payload) as { 'content-type': string; headers: { compression?: string } };
    const isBuiltIn = ['application/json', 'application/x-msgpack'].includes(envelope['content-type']);
    // Bodies with values beyond JSON are shown in a notation of the capture script.
    const isPlain = decoded_body !== undefined && !/"(__|base64|\$float)/.test(JSON.stringify(decoded_body));
    return (
      isBuiltIn &&
      isPlain &&
      [undefined, 'application/x-gzip', 'application/x-brotli'].includes(envelope.headers.compression)
    );
  });

  test.each(readable)('carries the body that was sent: $label', ({ payload, decoded_body }) => {
    const codec = createContentCodec({ accept: ['json', 'msgpack'] });
    expect(codec.decode(decodeEnvelope(payload).message)).toEqual(decoded_body);
  });

  test('[MS-178] carries what Python packed with msgpack', () => {
    const payload = captured.find(({ label }) => label.includes('msgpack_serializer'))?.payload ?? '';
    const codec = createContentCodec({ accept: ['msgpack'] });
    expect(codec.decode(decodeEnvelope(payload).message)).toEqual([
      [1, 'x', new Uint8Array([255])],
      { f: 1.5 },
      { callbacks: null, errbacks: null, chain: null, chord: null },
    ]);
  });

  test('[MS-183] carries numbers that JSON lacks', () => {
    const payload = captured.find(({ label }) => label.includes('v2.redis numbers'))?.payload ?? '';
    expect(createContentCodec().decode(decodeEnvelope(payload).message)).toMatchObject([
      [1, -0, 1e100, 1180591620717411303424n, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, true],
      {},
      {},
    ]);
  });

  test('keeps its members in their order', () => {
    const payload = captured[0]?.payload ?? '';
    const { message: read, route: readRoute, deliveryTag } = decodeEnvelope(payload);
    expect(encodeEnvelope(read, readRoute, deliveryTag)).toBe(JSON.stringify(JSON.parse(payload)));
  });
});

describe('An envelope', () => {
  test('[MS-087] has every property under its own name', () => {
    const properties: Message['properties'] = {
      correlationId: 'c',
      replyTo: 'r',
      deliveryMode: 1,
      priority: 9,
      expiration: '2500',
      messageId: 'm',
      timestamp: 1_732_153_952_000,
      type: 't',
      userId: 'u',
      appId: 'a',
      clusterId: 'k',
      extra: JSON.parse('{"my_option": {"x": 1}, "__proto__": 2}') as Record<string, unknown>,
    };
    const text = encodeEnvelope({ ...message, properties }, { exchange: 'e', routingKey: 'k' }, 'tag-1');
    expect(JSON.parse(text)).toMatchObject({
      properties: {
        correlation_id: 'c',
        reply_to: 'r',
        delivery_mode: 1,
        priority: 9,
        expiration: '2500',
        message_id: 'm',
        timestamp: 1_732_153_952,
        type: 't',
        user_id: 'u',
        app_id: 'a',
        cluster_id: 'k',
        my_option: { x: 1 },
        delivery_info: { exchange: 'e', routing_key: 'k' },
        body_encoding: 'base64',
        delivery_tag: 'tag-1',
      },
    });
    const read = decodeEnvelope(text);
    expect(JSON.stringify(read.message.properties)).toContain('"__proto__":2');
    expect(read).toMatchObject({
      message: { properties: { ...properties, extra: { my_option: { x: 1 } } } },
      route: { exchange: 'e', routingKey: 'k' },
      deliveryTag: 'tag-1',
    });
  });

  test('[MS-097] without a priority says 0, as every envelope of Kombu', () => {
    expect(JSON.parse(encodeEnvelope(message, route, 't'))).toMatchObject({ properties: { priority: 0 } });
  });

  test('[MS-088] carries the body as text where that is wanted and possible', () => {
    const text = encodeEnvelope(message, route, 't', { bodyEncoding: 'utf-8' });
    expect(JSON.parse(text)).toMatchObject({ body: '[1]', properties: { body_encoding: 'utf-8' } });
    expect(Buffer.from(decodeEnvelope(text).message.body).toString()).toBe('[1]');
    const binary = encodeEnvelope({ ...message, body: new Uint8Array([255]) }, route, 't', { bodyEncoding: 'utf-8' });
    expect(JSON.parse(binary)).toMatchObject({ body: '/w==', properties: { body_encoding: 'base64' } });
  });

  test('marks a redelivery in both places that Kombu knows, and reads either', () => {
    const text = encodeEnvelope(message, route, 't', { redelivered: true });
    expect(JSON.parse(text)).toMatchObject({
      headers: { redelivered: true, task: 'add' },
      properties: { delivery_info: { redelivered: true } },
    });
    expect(decodeEnvelope(text).redelivered).toBe(true);
    expect(decodeEnvelope(wire((envelope) => (envelope.headers = { redelivered: true }))).redelivered).toBe(true);
  });

  test('carries wrapped values in its headers', () => {
    const at = new Date('2030-01-02T03:04:05Z');
    const read = decodeEnvelope(encodeEnvelope({ ...message, headers: { at } }, route, 't'));
    expect(read.message.headers).toEqual({ at });
  });

  test.each<[string, Parameters<typeof wire>[0], object]>([
    ['headers', (envelope) => delete envelope.headers, { headers: {} }],
    ['content-encoding', (envelope) => delete envelope['content-encoding'], { contentEncoding: 'utf-8' }],
    ['content-type', (envelope) => delete envelope['content-type'], { contentType: '' }],
    [
      'priority',
      (_, properties) => delete properties.priority,
      { properties: { correlationId: 'x', deliveryMode: 2 } },
    ],
    [
      'correlation_id',
      (_, properties) => delete properties.correlation_id,
      { properties: { deliveryMode: 2, priority: 0 } },
    ],
  ])('may lack its %s', (_, change, expected) => {
    expect(decodeEnvelope(wire(change)).message).toMatchObject(expected);
  });

  test('with a body of plain text may lack the body_encoding', () => {
    for (const encoding of [undefined, null, '', 'UTF-8']) {
      const text = wire((envelope, properties) => {
        envelope.body = '[2]';
        properties.body_encoding = encoding;
      });
      expect(Buffer.from(decodeEnvelope(text).message.body).toString()).toBe('[2]');
    }
  });

  test('may have a numeric text as priority, a number as tag, and properties of odd types', () => {
    const text = wire((_, properties) => {
      Object.assign(properties, { priority: '3', delivery_tag: 7, reply_to: null, delivery_mode: 'x', expiration: 5 });
    });
    expect(decodeEnvelope(text)).toMatchObject({
      deliveryTag: '7',
      message: { properties: { priority: 3, expiration: '5', extra: { reply_to: null, delivery_mode: 'x' } } },
    });
  });

  test.each<[RegExp, string]>([
    [/not valid JSON/, 'garbage'],
    [/The envelope is not an object/, '[]'],
    [/body is not text/, wire((envelope) => delete envelope.body)],
    [/properties is missing/, wire((envelope) => delete envelope.properties)],
    [/no property delivery_tag/, wire((_, properties) => delete properties.delivery_tag)],
    [/delivery_info is missing/, wire((_, properties) => delete properties.delivery_info)],
    [/delivery_info has no exchange/, wire((_, properties) => (properties.delivery_info = { routing_key: 'a' }))],
    [/delivery_info has no routing_key/, wire((_, properties) => (properties.delivery_info = { exchange: 'a' }))],
    [/neither base64 nor utf-8/, wire((_, properties) => (properties.body_encoding = 'hex'))],
    [/headers is not an object/, wire((envelope) => (envelope.headers = [1]))],
    [/content-type is not text/, wire((envelope) => (envelope['content-type'] = 1))],
  ])('is a DecodeError that says why: %s', (reason, text) => {
    expect(() => decodeEnvelope(text)).toThrow(DecodeError);
    expect(() => decodeEnvelope(text)).toThrow(reason);
  });
});

test.each(envelopes('required_fields'))(
  'An envelope that Python dies of is refused or read, never worse: $label',
  ({ payload }) => {
    expect(isHandled(() => decodeEnvelope(payload))).toBe(true);
  },
);
