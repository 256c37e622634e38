import { loadVectors } from '@ctq/wire-vectors';
import { describe, expect, test } from 'vitest';
import { decodeEnvelope } from '../message/envelope.js';
import type { Message } from '../message/message.js';
import { createContentCodec } from '../serialization/content-codec.js';
import { decodeReply, decodeRequest, encodeReply, encodeRequest } from './mailbox-message.js';

const content = createContentCodec();

interface Captured {
  readonly message: Message;
}

/** What is written to the wire, in both directions. */
function captured(kind: 'request' | 'reply'): readonly Captured[] {
  return loadVectors('control.redis').flatMap(({ raw }) => {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the form of these vectors
    const entries = ((Array.isArray(raw) ? undefined : raw[kind]) ?? []) as readonly {
      readonly payload: string;
    }[];
    return entries.map(({ payload }) => ({ message: decodeEnvelope(payload).message }));
  });
}

const textOf = (message: Message): unknown => JSON.parse(new TextDecoder().decode(message.body));

describe('A request', () => {
  const requests = captured('request');

  test('of Python is read, and written as Python writes it: body, headers, properties [RC-085, RC-086]', () => {
    expect(requests.length).toBeGreaterThan(40);
    for (const { message } of requests) {
      const request = decodeRequest(content, message);
      const { clock, expires } = message.headers;
      const again = encodeRequest(content, request, {
        serializer: 'json',
        clock: Number(clock),
        expiresAt: Number(expires) * 1_000,
      });
      expect(textOf(again)).toEqual(textOf(message));
      expect(Object.keys(again.headers)).toEqual(Object.keys(message.headers));
      expect(again.headers['expires']).toBeCloseTo(Number(expires), 3);
      expect(again.properties.deliveryMode).toBe(message.properties.deliveryMode);
      expect([again.contentType, again.contentEncoding]).toEqual([message.contentType, message.contentEncoding]);
    }
  });

  test('is not read where it is none', () => {
    const bodies = [
      '[]',
      '1',
      'null',
      '{}',
      '{"method": ""}',
      '{"method": 1}',
      '{"method": "a", "arguments": [1]}',
      '{',
    ];
    const withoutBody = { contentType: 'application/json', contentEncoding: 'utf-8', headers: {}, properties: {} };
    for (const text of bodies) {
      const message = { ...withoutBody, body: new TextEncoder().encode(text) };
      expect(() => decodeRequest(content, message)).toThrow(expect.objectContaining({ code: 'CTQ_DECODE' }));
    }
  });
});

describe('A reply', () => {
  test('of Python is read, and written as Python writes it [RC-089]', () => {
    const replies = captured('reply');
    expect(replies.length).toBeGreaterThan(30);
    for (const { message } of replies) {
      const [reply] = decodeReply(content, message);
      const { ticket, clock } = message.headers;
      const labels = { ticket: String(ticket), clock: Number(clock), serializer: 'json' };
      const again = encodeReply(content, reply ?? { node: '', value: undefined }, labels);
      expect(textOf(again)).toEqual(textOf(message));
      expect(again.headers).toEqual(message.headers);
      expect(again.properties.deliveryMode).toBe(message.properties.deliveryMode);
    }
  });
});
