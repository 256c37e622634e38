import type { Message } from '@ctq/messaging';
import type { Channel, Delivery } from '@ctq/messaging/transport';
import { silentLogger, systemClock } from '@ctq/runtime';
import {
  type AmqpTap,
  type FieldTable,
  readMethods,
  type SentContent,
  type SentMethod,
  tapAmqp,
} from '@ctq/test-services/amqp-tap';
import { describeWith } from '@ctq/test-services/vitest';
import { loadVectors } from '@ctq/wire-vectors';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { amqpConfig } from './amqp-options.js';
import { amqp } from './amqp-transport.js';
import { openBroker } from './open-broker.js';

interface RawMessage {
  readonly frames_base64: string;
  readonly properties: Readonly<Record<string, unknown>>;
}

/** A message of Celery's: as py-amqp sent it, and what the capture read in it. */
interface Captured {
  readonly title: string;
  readonly method: SentMethod & { readonly content: SentContent };
  readonly properties: Readonly<Record<string, unknown>>;
}

const files = ['task_messages_v1.amqp', 'task_messages_v2.amqp', 'canvas.amqp', 'release/canvas.amqp'];

const captured: readonly Captured[] = files.flatMap((file) =>
  loadVectors(file).flatMap(({ name, raw }) =>
    ((raw['messages'] ?? []) as readonly RawMessage[]).map(({ frames_base64, properties }, index) => ({
      title: `${file}: ${name}${index === 0 ? '' : ` ${index + 1}`}`,
      method: publishIn(frames_base64),
      properties,
    })),
  ),
);

interface RawFrame {
  readonly method: string;
  readonly frames_base64: string;
}

const tableTypes = loadVectors('amqp_traces').find(({ name }) => name === 'amqp_table_types');

/** py-amqp's way with every kind of header, which task messages do not have. */
const kinds = publishIn(
  ((tableTypes?.raw ?? []) as readonly RawFrame[]).find(({ method }) => method === 'basic.publish')?.frames_base64 ??
    '',
);

/** All that ctq writes otherwise than it was: what it read of such a header, how it writes that, and why. */
const otherwise: Readonly<Record<string, { readonly read: unknown; readonly written: unknown; readonly why: string }>> =
  {
    big: {
      read: 2 ** 40,
      written: ['l', 2n ** 40n],
      why: "amqplib's letter for the same eight bytes; py-amqp and RabbitMQ read both",
    },
    dt: {
      read: '2030-01-02T03:04:05.000Z',
      written: ['S', '2030-01-02T03:04:05.000Z'],
      why: 'headers are plain data in ctq, in which an instant is a text',
    },
    dec: { read: 1.5, written: ['d', 1.5], why: 'and a decimal number is a number' },
  };

describeWith('amqp', 'Messages of Celery, with the bytes in which py-amqp sent them', (url) => {
  const queue = `frames.${crypto.randomUUID()}`;
  let tap: AmqpTap;
  let channel: Channel;
  let replay: (method: SentMethod) => Promise<void>;
  let close: () => Promise<void>;

  beforeAll(async () => {
    tap = await tapAmqp(url);
    const context = { clock: systemClock, logger: silentLogger };
    const connection = await amqp({ url: tap.url }).connect(context, AbortSignal.timeout(10_000));
    channel = await connection.openChannel();
    await channel.declareQueue({ name: queue, durable: true, exclusive: false, autoDelete: false });
    const python = await openReplay(url, queue);
    replay = python.replay;
    close = async () => {
      await python.close();
      await connection.close();
    };
  });

  afterAll(async () => {
    await channel.deleteQueue(queue);
    await close();
    await tap[Symbol.asyncDispose]();
  });

  async function take(): Promise<Message> {
    const delivery = (await channel.get(queue)) as Delivery;
    await delivery.ack();
    return delivery.message;
  }

  /** What the tap sees of a message that is published. */
  async function writtenBy(message: Message): Promise<SentMethod> {
    await channel.publish(message, { exchange: '', routingKey: queue });
    await take();
    return tap.sent().findLast(({ name }) => name === 'basic.publish') as SentMethod;
  }

  test('there are some of every kind', () => {
    expect(captured.length).toBeGreaterThan(140);
    expect(new Set(captured.map(({ method }) => method.content.flags)).size).toBe(4);
  });

  test.each(captured)(
    '$title is read as it was sent, and written again in the same bytes [MS-130]',
    async ({ method, properties }) => {
      await replay(method);
      const message = await take();
      expect(plain(message)).toEqual(properties);
      const again = await writtenBy(message);
      expect(again.content?.header.toString('base64')).toBe(method.content.header.toString('base64'));
      expect(again.content?.body.toString('base64')).toBe(method.content.body.toString('base64'));
      expect({ ...again.args, exchange: method.args['exchange'], 'routing-key': method.args['routing-key'] }).toEqual(
        method.args,
      );
    },
  );

  test('headers of every type are read, and written again but for what is in one table [MS-130]', async () => {
    await replay(kinds);
    const message = await take();
    const { headers: sent } = kinds.content;
    const again = (await writtenBy(message)).content?.headers as FieldTable;
    const written = Object.entries(otherwise).map(([name, field]) => [name, field.written]);
    expect(again).toEqual({ ...sent, ...Object.fromEntries(written) });
    const read = Object.entries(otherwise).map(([name, field]) => [name, field.read]);
    expect(message.headers).toMatchObject(Object.fromEntries(read));
    expect(Object.keys(otherwise).filter((name) => !(name in sent))).toEqual([]);
  });
});

function publishIn(framesBase64: string): Captured['method'] {
  const [method] = readMethods(Buffer.from(framesBase64, 'base64'));
  if (method?.content === undefined) throw new Error('The capture has no message.');
  return { ...method, content: method.content };
}

/** As the capture describes a message. */
function plain({ headers, contentType, contentEncoding, properties }: Message): Readonly<Record<string, unknown>> {
  const dashed = Object.entries(properties).map(([name, value]) => [
    name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`),
    name === 'timestamp' ? Number(value) / 1_000 : value,
  ]);
  return { headers, 'content-type': contentType, 'content-encoding': contentEncoding, ...Object.fromEntries(dashed) };
}

/** Sends header and body byte by byte, over the channel of the capture; only the queue is the test's own. */
async function openReplay(url: string, queue: string) {
  const { model, socket } = await openBroker(amqpConfig({ url }), url, AbortSignal.timeout(10_000));
  const channel = await model.createChannel();
  return {
    replay: async ({ channel: number, bytes }: SentMethod): Promise<void> => {
      const methodSize = 7 + bytes.readUInt32BE(3) + 1;
      socket.write(Buffer.concat([publishFrame(number, queue), bytes.subarray(methodSize)]));
      // On the same channel: it is answered behind the message.
      await channel.checkQueue(queue);
    },
    close: () => model.close(),
  };
}

/** A `basic.publish` to a queue. */
function publishFrame(channel: number, queue: string): Buffer {
  const key = Buffer.from(queue);
  const payload = Buffer.concat([Buffer.of(0, 60, 0, 40, 0, 0, 0, key.length), key, Buffer.of(0)]);
  const start = Buffer.alloc(7);
  start.writeUInt8(1, 0);
  start.writeUInt16BE(channel, 1);
  start.writeUInt32BE(payload.length, 3);
  return Buffer.concat([start, payload, Buffer.of(0xce)]);
}
