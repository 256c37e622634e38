import assert from 'node:assert/strict';
import { createResultCodec, decodeTask } from '@ctq/core';
import { createContentCodec, decodeEnvelope, jsonSerializer } from '@ctq/messaging';

const content = createContentCodec({ accept: ['json', 'msgpack'] });
const codec = createResultCodec(content, 'json');

/** Reads what a program has written to Redis with the decoders of ctq, and counts what it has read. */
export class PayloadReader {
  envelopes = 0;
  tasks = 0;
  entries = 0;
  documents = 0;
  parts = 0;
  groups = 0;

  /** What is none of the kinds is passed over. @throws for what is one and cannot be read. */
  read(text: string): void {
    if (text.startsWith('{"body": "')) this.#readEnvelope(text);
    else if (text.startsWith('[{"body"')) this.#readEntry(text);
    else if (text.startsWith('{"status"')) this.#readDocument(text);
    else if (/^\[1, ?"/.test(text)) this.#readPart(text);
    else if (text.startsWith('{"result"')) this.#readGroup(text);
  }

  #readEnvelope(text: string): void {
    const { message, route, deliveryTag } = decodeEnvelope(text);
    assertTexts(route.exchange, route.routingKey, deliveryTag);
    this.envelopes += 1;
    assert.notEqual(content.decode(message), undefined);
    const { task: name, id } = message.headers;
    if (typeof name !== 'string') return;
    const task = decodeTask(message, content);
    assert.deepEqual([task.task, task.id], [name, id]);
    this.tasks += 1;
  }

  #readEntry(text: string): void {
    const [envelope, exchange, routingKey] = jsonSerializer.parse(text) as readonly unknown[];
    this.#readEnvelope(jsonSerializer.stringify(envelope));
    assertTexts(exchange, routingKey);
    this.entries += 1;
  }

  #readDocument(text: string): void {
    const { status, taskId } = codec.decode(Buffer.from(text));
    assertTexts(status, taskId);
    assert.notEqual(taskId, '');
    this.documents += 1;
  }

  #readPart(text: string): void {
    const [, taskId, state] = codec.decodeValue(Buffer.from(text)) as readonly unknown[];
    assertTexts(taskId, state);
    this.parts += 1;
  }

  #readGroup(text: string): void {
    const { result } = codec.decodeValue(Buffer.from(text)) as { readonly result: readonly unknown[] };
    const [[id], members] = result as readonly [readonly unknown[], unknown];
    assertTexts(id);
    assert.ok(Array.isArray(members));
    this.groups += 1;
  }
}

function assertTexts(...values: readonly unknown[]): void {
  for (const value of values) assert.equal(typeof value, 'string');
}
