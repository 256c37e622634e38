import { encodeEnvelope, type Message, type Route } from '@ctq/messaging';
import { VirtualClock } from '@ctq/runtime';
import { loadVectors } from '@ctq/wire-vectors';
import { describe, expect, it } from 'vitest';
import { envelopeMessage } from '../__fixtures__/captured-messages.js';
import { Ctq } from '../app/ctq.js';
import { decodeTask } from '../protocol/decode-task.js';
import { Retry } from '../task/directives.js';
import type { DeliveryInfo } from '../task/task-context.js';
import { resend } from './resend.js';

interface Envelope {
  readonly body: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly properties: Readonly<Record<string, unknown>> & {
    readonly priority: number;
    readonly delivery_info: Route & { readonly exchange: string; readonly routing_key: string };
  };
}

/** Each capture is of a first attempt and of the one that a Python worker sent after it. */
const retries = loadVectors('worker_published.redis').filter(({ name }) => name.startsWith('retry'));

describe('the next attempt', () => {
  it('is captured in all kinds of workflows', () => {
    expect(retries.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['retry', 'retry_full', 'retry_in_group', 'retry_in_chord', 'retry_in_chain']),
    );
  });

  it.each(retries)('is the captured message: $name [TR-139]', async ({ raw }) => {
    const payloads = (raw['messages'] as { payload: string }[]).map(({ payload }) => payload);
    const again = payloads.find((payload) => envelopeOf(payload).headers['retries'] === 1) ?? '';
    const { id, eta } = envelopeOf(again).headers;
    const first = payloads.find((payload) => envelopeOf(payload).headers['id'] === id) ?? '';
    const { delivery_info, priority } = envelopeOf(first).properties;
    const dueAt = typeof eta === 'string' ? Date.parse(eta) : undefined;

    const sent: { message: Message; route: Route }[] = [];
    await using app = new Ctq('wire', {
      broker: 'memory://',
      clock: new VirtualClock((dueAt ?? 30_000) - 30_000),
      interceptors: [{ name: 'capture', publish: async ({ message, route }) => void sent.push({ message, route }) }],
    });
    const { exchange, routing_key: routingKey } = delivery_info;
    await resend(
      app.kernel,
      decodeTask(envelopeMessage(first), app.kernel.content),
      new Retry(dueAt === undefined ? {} : { dueAt }),
      { exchange, routingKey, priority, redelivered: false },
    );

    expect(sent.map(({ message, route }) => comparable(encodeEnvelope(message, route, 'tag')))).toEqual([
      comparable(again),
    ]);
  });
});

describe('the way of the next attempt', () => {
  const attempt = async (
    headers: Message['headers'],
    retry: Retry,
    deliveryInfo: DeliveryInfo,
  ): Promise<{ readonly message: Message; readonly route: Route } | undefined> => {
    const sent: { message: Message; route: Route }[] = [];
    await using app = new Ctq('wire', {
      broker: 'memory://',
      interceptors: [{ name: 'capture', publish: async ({ message, route }) => void sent.push({ message, route }) }],
    });
    const content = { contentType: 'application/json', contentEncoding: 'utf-8', properties: {} };
    const body = new TextEncoder().encode('[[1], {}, null]');
    const first = { ...content, body, headers: { task: 'add', id: 'a', ...headers } };
    await resend(app.kernel, decodeTask(first, app.kernel.content), retry, deliveryInfo);
    return sent[0];
  };
  const through = (exchange: string, routingKey: string): DeliveryInfo => ({
    ...{ exchange, routingKey, priority: 7, redelivered: false },
  });

  it('is the exchange, key and priority that the message came with [TR-140]', async () => {
    const sent = await attempt({}, new Retry({}), through('tasks', 'orders.new'));
    expect(sent?.route).toEqual({ exchange: 'tasks', routingKey: 'orders.new' });
    expect(sent?.message.properties.priority).toBe(7);
  });

  it('is the queue itself when it came by the default exchange [TR-140]', async () => {
    const sent = await attempt({}, new Retry({}), through('', 'orders'));
    expect(sent?.route).toEqual({ exchange: '', routingKey: 'orders' });
  });

  it('is what the retry says over both [TR-140]', async () => {
    const options = { queue: 'slow', priority: 1 };
    for (const came of [through('', 'orders'), through('tasks', 'orders.new')]) {
      const sent = await attempt({}, new Retry({ overrides: { options } }), came);
      expect(sent?.route).toEqual({ exchange: '', routingKey: 'slow' });
      expect(sent?.message.properties.priority).toBe(1);
    }
  });

  it('begins without the headers of a dead-lettering broker [TR-133]', async () => {
    const names = ['exchange', 'queue', 'reason'].flatMap((name) => [`x-first-death-${name}`, `x-last-death-${name}`]);
    const death = Object.fromEntries(['x-death', ...names].map((name) => [name, 'rejected']));
    const sent = await attempt({ ...death, tenant: 'blue' }, new Retry({}), through('', 'orders'));
    expect(Object.keys(sent?.message.headers ?? {}).filter((name) => name.includes('death'))).toEqual([]);
    expect(sent?.message.headers).toMatchObject({ tenant: 'blue', retries: 1 });
  });
});

function envelopeOf(payload: string): Envelope {
  return JSON.parse(payload) as Envelope;
}

/** Without what differs from process to process; an instant of ours ends at the millisecond. */
function comparable(payload: string): unknown {
  const { body, headers, properties } = envelopeOf(payload);
  const { lang: _, eta, expires, ...same } = headers;
  // Celery passes the origin on as a property too, where nobody reads it.
  const { delivery_tag: __, origin: ___, expiration, ...kept } = properties;
  return {
    body: JSON.parse(Buffer.from(body, 'base64').toString()) as unknown,
    headers: { ...same, eta: toMillisecond(eta), expires: toMillisecond(expires) },
    // What is left of it at an instant that the capture does not tell.
    properties: { ...kept, expires: expiration !== undefined },
  };
}

function toMillisecond(time: unknown): unknown {
  return typeof time === 'string' ? new Date(time).toISOString() : time;
}
