import { createContentCodec, EncodeError, type Message } from '@ctq/messaging';
import { describe, expect, test } from 'vitest';
import { InvalidTaskMessageError } from '../errors/task-errors.js';
import { decodeTask } from './decode-task.js';
import { encodeTask } from './encode-task.js';
import type { TaskMessage } from './task-message.js';
import { formatWireTime } from './wire-time.js';

const content = createContentCodec();

function message(body: string, headers: Message['headers'] = { task: 't', id: 'i' }): Message {
  const bytes = new TextEncoder().encode(body);
  return { body: bytes, contentType: 'application/json', contentEncoding: 'utf-8', headers, properties: {} };
}

const decode = (body: string, headers?: Message['headers']): TaskMessage => decodeTask(message(body, headers), content);
const task = decode('[[1], {}, null]');

describe('reading a task message', () => {
  test('keeps an argument named __proto__ as the data that it is', () => {
    const { kwargs } = decode('[[], {"__proto__": {"polluted": true}}, null]');
    expect(Object.hasOwn(kwargs, '__proto__')).toBe(true);
    expect(Object.getPrototypeOf(kwargs)).toBe(Object.prototype);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  test("[TR-282] keeps the caller's headers, and leaves out what the broker and the transport have added", () => {
    const headers = {
      task: 't',
      id: 'i',
      'x-trace': 'a',
      compression: null,
      redelivered: true,
      'x-death': [],
      'x-delivery-count': 2,
    };
    expect(decode('[[], {}, null]', { ...headers, tenant: 'blue' }).headers).toEqual({
      'x-trace': 'a',
      tenant: 'blue',
    });
  });

  test('reads a time that AMQP carries as one', () => {
    const eta = new Date('2030-01-02T03:04:05Z');
    expect(decode('[[], {}, null]', { task: 't', id: 'i', eta }).eta).toBe('2030-01-02T03:04:05+00:00');
  });

  test('[TR-290] takes naive times of protocol 1 without utc for local ones', () => {
    const body = { task: 't', id: 'i', eta: '2030-01-15T12:00:00', utc: false };
    expect(decode(JSON.stringify(body), {}).eta).toBe(formatWireTime(new Date(2030, 0, 15, 12)));
    expect(decode(JSON.stringify({ ...body, utc: true }), {}).eta).toBe('2030-01-15T12:00:00');
  });

  test('takes a number for an id', () => {
    expect(decode('[[], {}, null]', { task: 't', id: 5 }).id).toBe('5');
  });

  test.each([
    ['[[], {}]', undefined],
    ['[[], {}, null, 1]', undefined],
    ['[5, {}, null]', undefined],
    ['[[], [], null]', undefined],
    ['[[], {}, 5]', undefined],
    ['[[], {}, {"callbacks": [5]}]', undefined],
    ['[[], {}, {"chord": "x"}]', undefined],
    ['{"task": "t", "id": "i"}', undefined],
    ['5', undefined],
    ['[[], {}, null]', { task: 't' }],
    ['[[], {}, null]', { task: 't', id: '' }],
    ['[[], {}, null]', { task: 5, id: 'i' }],
    ['[[], {}, null]', { task: 't', id: 'i', expires: 5 }],
  ])('refuses %s with headers %j', (body, headers) => {
    expect(() => decode(body, headers)).toThrow(InvalidTaskMessageError);
  });
});

describe('writing a task message', () => {
  test('[TR-278, MS-041] has the properties of a plain call, and those that are given over them', () => {
    expect(encodeTask(task, { content, properties: {} }).properties).toEqual({
      ...{ correlationId: 'i', replyTo: '', deliveryMode: 2, priority: 0 },
    });
    const properties = { deliveryMode: 1, priority: 7, expiration: '5', messageId: 'm', extra: { my: 1 } } as const;
    expect(encodeTask({ ...task, replyTo: 'r' }, { content, properties, expirationMs: 99 }).properties).toEqual({
      ...{ correlationId: 'i', replyTo: 'r', ...properties },
    });
  });

  test.each([
    [1_500.9, '1500'],
    [-5, '0'],
  ])('[TR-278, MS-056] %d ms until it expires are the expiration %s', (expirationMs, expiration) => {
    expect(encodeTask(task, { content, properties: {}, expirationMs }).properties.expiration).toBe(expiration);
  });

  test('[TR-279, TR-280, TR-282, MS-057] names the compression last, after the own headers, and is its own root', () => {
    const args = ['x'.repeat(1_000)];
    const own = { tenant: 'blue' };
    const { headers } = encodeTask(
      { ...task, args, rootId: null, headers: own },
      { content, compression: 'gzip', properties: {} },
    );
    expect(Object.keys(headers).slice(-2)).toEqual(['tenant', 'compression']);
    expect(headers).toMatchObject({ root_id: 'i', compression: 'application/x-gzip' });
    expect(own).toEqual({ tenant: 'blue' });
  });

  test('says which argument cannot be written', () => {
    expect(() => encodeTask({ ...task, kwargs: { when: new Map() } }, { content, properties: {} })).toThrow(
      EncodeError,
    );
    expect(() => encodeTask({ ...task, kwargs: { when: new Map() } }, { content, properties: {} })).toThrow('when');
  });
});
