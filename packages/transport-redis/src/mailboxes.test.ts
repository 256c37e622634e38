import { type Connection, decodeEnvelope, encodeEnvelope, MailboxLayout, openConnection } from '@ctq/messaging';
import { MailboxScene } from '@ctq/messaging/conformance';
import { deferred, systemClock } from '@ctq/runtime';
import { describeWith } from '@ctq/test-services/vitest';
import { loadVectors } from '@ctq/wire-vectors';
import { expect, onTestFinished, test } from 'vitest';
import { eventually, redisScene, type RedisScene } from './__fixtures__/redis-scene.js';

/** A mailbox over keys of the test's own. */
function mailboxesOn(scene: RedisScene): MailboxScene {
  const layout = new MailboxLayout({ queueTtl: 300, queueExpires: 10 });
  const connect = (): Connection => openConnection({ transport: scene.transport() });
  const mailboxes = new MailboxScene({ layout, clock: systemClock, connect });
  onTestFinished(() => mailboxes.close());
  return mailboxes;
}

const ping = loadVectors('control.redis').find(({ name }) => name === 'ping')?.raw ?? {};
const payloadOf = (kind: 'request' | 'reply'): string => (ping[kind] as { payload: string }[])[0]?.payload ?? '';

describeWith('redis', 'A mailbox on Redis', (url) => {
  const db = new URL(url).pathname.slice(1) || '0';

  test("hears what a Python client publishes, and answers into the client's list [RC-083, RC-087, RC-088, RC-089]", async () => {
    const scene = redisScene(url);
    const id = '5c383d9f-f9ee-341d-9b4c-8d6952dcde02';
    await mailboxesOn(scene).node('w1@wirehost', { handle: () => ({ ok: 'pong' }) });
    // As Kombu declares the queue for its replies.
    const queue = `${id}.reply.celery.pidbox`;
    await scene.client.sadd(`${scene.prefix}_kombu.binding.reply.celery.pidbox`, `${id}\x06\x16\x06\x16${queue}`);
    await scene.client.publish(`${scene.prefix}/${db}.celery.pidbox`, payloadOf('request'));
    await eventually(async () => (await scene.client.llen(`${scene.prefix}${queue}`)) === 1);
    const ours = decodeEnvelope((await scene.client.lpop(`${scene.prefix}${queue}`)) ?? '');
    const python = decodeEnvelope(payloadOf('reply'));
    const textOf = ({ body }: { readonly body: Uint8Array }): unknown => JSON.parse(new TextDecoder().decode(body));
    expect(textOf(ours.message)).toEqual(textOf(python.message));
    expect(ours.message.headers['ticket']).toBe(python.message.headers['ticket']);
    expect(ours.route).toEqual(python.route);
  });

  test('publishes as a Python client, and finds what a Python worker answers [RC-083, RC-085, RC-086, RC-088]', async () => {
    const scene = redisScene(url);
    const listener = scene.client.duplicate();
    onTestFinished(() => listener.disconnect());
    const published = deferred<string>();
    listener.on('message', (_channel: string, payload: string) => published.resolve(payload));
    await listener.subscribe(`${scene.prefix}/${db}.celery.pidbox`);
    const asking = mailboxesOn(scene).mailbox().ask('ping', {}, { timeoutMs: 20_000, limit: 1 });
    asking.catch(() => undefined);
    const { message } = decodeEnvelope(await published.promise);
    const request = JSON.parse(new TextDecoder().decode(message.body)) as {
      readonly ticket: string;
      readonly reply_to: { readonly exchange: string; readonly routing_key: string };
    };
    // Where Kombu looks for the queues of an exchange.
    const { exchange, routing_key: id } = request.reply_to;
    const bindings = await scene.client.smembers(`${scene.prefix}_kombu.binding.${exchange}`);
    expect(bindings).toEqual([`${id}\x06\x16\x06\x16${id}.reply.celery.pidbox`]);
    const python = decodeEnvelope(payloadOf('reply'));
    const headers = { ...python.message.headers, ticket: request.ticket };
    const reply = encodeEnvelope({ ...python.message, headers }, { exchange, routingKey: id }, crypto.randomUUID());
    await scene.client.lpush(`${scene.prefix}${id}.reply.celery.pidbox`, reply);
    expect(await asking).toEqual([{ node: 'w1@wirehost', value: { ok: 'pong' } }]);
  });

  test('leaves nothing behind', async () => {
    const scene = redisScene(url);
    const mailboxes = mailboxesOn(scene);
    await mailboxes.node('w1@host');
    const client = mailboxes.mailbox();
    expect(await client.ask('a', {}, { timeoutMs: 20_000, limit: 1 })).toHaveLength(1);
    await client.cast('b', {});
    await mailboxes.close();
    expect((await scene.keys()).filter((key) => key.includes('pidbox'))).toEqual([]);
  });
});
