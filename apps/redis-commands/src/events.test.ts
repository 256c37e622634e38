import { decodeEnvelope } from '@ctq/messaging';
import { describeWith } from '@ctq/test-services/vitest';
import { loadVectors } from '@ctq/wire-vectors';
import { Redis } from 'ioredis';
import { expect, onTestFinished, test } from 'vitest';
import { WireSite } from './wire-site.js';

interface Heard {
  readonly channel: string;
  readonly payload: string;
}

/** The events of a program that has Redis to itself behind its prefix. */
async function listen({ url, prefix }: WireSite): Promise<{ next(): Promise<Heard> }> {
  const client = new Redis(url);
  onTestFinished(() => client.disconnect());
  const heard: Heard[] = [];
  const waiting: ((one: Heard) => void)[] = [];
  client.on('pmessage', (_pattern, channel: string, payload: string) => {
    const one = { channel: channel.slice(prefix.length), payload };
    const wake = waiting.shift();
    if (wake === undefined) heard.push(one);
    else wake(one);
  });
  await client.psubscribe(`${prefix}*celeryev*`);
  return {
    next: async () => heard.shift() ?? (await new Promise((resolve) => waiting.push(resolve))),
  };
}

/** What a captured event has, and how: values that are each program's own stand for their type. */
function shapeOf({ channel, payload }: Heard) {
  const { message } = decodeEnvelope(payload);
  const event = JSON.parse(new TextDecoder().decode(message.body)) as Record<string, unknown>;
  const own = new Set(['hostname', 'pid', 'clock', 'uuid', 'root_id', 'timestamp', 'eta']);
  return {
    channel: channel.replace(/^\/\d+/, '/<db>'),
    event: Object.entries(event).map(([name, value]) => [name, own.has(name) ? typeof value : value]),
    headers: { ...message.headers, hostname: typeof message.headers['hostname'] },
    content: [message.contentType, message.contentEncoding],
    properties: { ...message.properties, extra: undefined },
  };
}

function captured(name: string) {
  const vector = loadVectors('events.redis').find((one) => one.name === name);
  return shapeOf(vector?.raw as unknown as Heard);
}

describeWith('redis', 'An event on Redis', (url) => {
  test('that a call was sent is what Celery publishes, on its channel [ST-176, WK-143, WK-157]', async () => {
    await using site = new WireSite(url, { taskSendSentEvent: true });
    const events = await listen(site);
    await site.wire.add.applyAsync([1, 2], { countdown: 60 });
    expect(shapeOf(await events.next())).toEqual(captured('task-sent_1'));
  });

  test("of the program's own is what Celery publishes, on its channel [WK-157]", async () => {
    await using site = new WireSite(url);
    const events = await listen(site);
    await site.wire.app.kernel.events.send('custom-thing', { foo: 'bar', n: 1 });
    expect(shapeOf(await events.next())).toEqual(captured('custom-thing_1'));
  });
});
