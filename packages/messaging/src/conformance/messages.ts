import type { Message, MessageProperties } from '../message/message.js';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A message whose body is this text. */
export function textMessage(text: string, properties: MessageProperties = {}): Message {
  return { body: encoder.encode(text), contentType: 'text/plain', contentEncoding: 'utf-8', headers: {}, properties };
}

export function textOf({ message }: { readonly message: Message }): string {
  return decoder.decode(message.body);
}

export function textsOf(held: readonly { readonly message: Message }[]): string[] {
  return held.map(textOf);
}

/** Every byte value, every kind of header that JSON can hold, every property. */
export function fullMessage(): Message {
  return {
    body: Uint8Array.from({ length: 256 }, (_, byte) => byte),
    contentType: 'application/x-something',
    contentEncoding: 'binary',
    headers: {
      task: 'shop.charge',
      retries: 3,
      ratio: 0.5,
      eta: null,
      ignore: false,
      timelimit: [null, 30],
      nested: { ä: '✓' },
    },
    properties: {
      correlationId: 'c-1',
      replyTo: 'reply-1',
      deliveryMode: 2,
      priority: 0,
      messageId: 'm-1',
      type: 'kind',
      appId: 'kit',
    },
  };
}
