import { createLogger, deferred, VirtualClock } from '@ctq/runtime';
import { describe, expect, onTestFinished, test } from 'vitest';
import { MailboxScene } from '../conformance/mailbox-scene.js';
import type { Connection } from '../connection/connection.js';
import { openConnection } from '../connection/open-connection.js';
import { TransportConnectionError } from '../errors.js';
import { memoryTransport } from '../memory/memory-transport.js';
import type { Channel } from '../transport/channel.js';
import type { Transport } from '../transport/transport.js';
import { LamportClock } from './lamport-clock.js';
import { MailboxLayout, type MailboxLayoutOptions } from './mailbox-layout.js';
import { noReply } from './mailbox-node.js';

/** A mailbox over memory, on a clock that stands still. */
function sceneOf(options: MailboxLayoutOptions = {}, transport: Transport = memoryTransport()) {
  const clock = new VirtualClock();
  const connections: Connection[] = [];
  const connect = (): Connection => {
    const connection = openConnection({ transport, clock, logger: createLogger((line) => scene.lines.push(line)) });
    connections.push(connection);
    return connection;
  };
  const scene: MailboxScene = new MailboxScene({ layout: new MailboxLayout(options), clock, connect });
  onTestFinished(async () => {
    await scene.close();
    for (const connection of connections) await connection.close();
  });
  return { scene, clock };
}

const timeoutMs = 1_000;

describe('Who asks', () => {
  test('waits for so many replies as there are destinations, or as the limit says [RC-107]', async () => {
    const { scene } = sceneOf();
    for (const name of ['w1', 'w2', 'w3']) await scene.node(name);
    const client = scene.mailbox();
    expect(await client.ask('a', {}, { timeoutMs, destination: ['w1', 'w3'] })).toHaveLength(2);
    expect(await client.ask('a', {}, { timeoutMs, destination: ['w1', 'w3'], limit: 1 })).toHaveLength(1);
    expect(await client.ask('a', {}, { timeoutMs, limit: 3 })).toHaveLength(3);
  });

  test('waits until nothing has come for the timeout, which each reply begins anew [RC-109]', async () => {
    const { scene, clock } = sceneOf();
    const late = deferred();
    const told = deferred();
    const arrived = [deferred(), deferred()] as const;
    await scene.node('w1', { handle: () => 'quick' });
    await scene.node('w2', {
      handle: async () => {
        told.resolve();
        await late.promise;
        return 'late';
      },
    });
    const arrivals = [...arrived];
    const asking = scene.mailbox().ask('a', {}, { timeoutMs, onReply: () => arrivals.shift()?.resolve() });
    await told.promise;
    await arrived[0].promise;
    await clock.advance(900);
    late.resolve();
    await arrived[1].promise;
    await clock.advance(999);
    expect(await Promise.race([asking, 'waits'])).toBe('waits');
    await clock.advance(1);
    expect((await asking).map(({ value }) => value)).toEqual(['quick', 'late']);
  });

  test('may give each destination its own time, and waits for none that has answered', async () => {
    const { scene, clock } = sceneOf();
    const told = deferred();
    const never = deferred();
    await scene.node('w1');
    await scene.node('w2', {
      handle: () => {
        told.resolve();
        return never.promise;
      },
    });
    const client = scene.mailbox();
    const both = new Map([
      ['w1', 60_000],
      ['w2', 500],
    ]);
    const asking = client.ask('a', {}, { timeoutMs: both });
    await told.promise;
    await expect.poll(() => clock.advance(500).then(() => Promise.race([asking, undefined]))).toHaveLength(1);
    expect((await asking).map(({ node }) => node)).toEqual(['w1']);
    const one = new Map([['w1', 60_000]]);
    expect(await client.ask('a', {}, { timeoutMs: one })).toHaveLength(1);
    expect(scene.heard.filter((line) => line.startsWith('w2'))).toHaveLength(1);
    never.resolve();
  });

  test('is told of each reply as it comes, and what is thrown then ends the waiting [RC-110]', async () => {
    const { scene } = sceneOf();
    await scene.node('w1');
    const client = scene.mailbox();
    const seen: string[] = [];
    await client.ask('a', {}, { timeoutMs, limit: 1, onReply: ({ node }) => seen.push(node) });
    expect(seen).toEqual(['w1']);
    const onReply = (): void => {
      throw new RangeError('enough');
    };
    await expect(client.ask('a', {}, { timeoutMs, onReply })).rejects.toThrow('enough');
  });

  test('may stop waiting, before and meanwhile', async () => {
    const { scene } = sceneOf();
    const asked = deferred();
    await scene.node('w1', {
      handle: () => {
        asked.resolve();
        return noReply;
      },
    });
    const client = scene.mailbox();
    const abort = new AbortController();
    const asking = client.ask('a', {}, { timeoutMs, signal: abort.signal });
    asking.catch(() => undefined);
    await asked.promise;
    abort.abort(new Error('never mind'));
    await expect(asking).rejects.toThrow('never mind');
    await expect(client.ask('b', {}, { timeoutMs, signal: abort.signal })).rejects.toThrow('never mind');
    await expect(client.cast('b', {}, { signal: abort.signal })).rejects.toThrow('never mind');
    expect(scene.heard).toEqual(['w1 a']);
  });

  test.each([
    [{ destination: 'w1' }, 'destination has to be a list'],
    [{ destination: [1] }, 'destination has to be a list'],
    [{ pattern: 1 }, 'pattern and matcher have to be texts'],
    [{ pattern: 'w*', matcher: 1 }, 'pattern and matcher have to be texts'],
  ])('is told of a target that is none: %j [RC-092, RC-096]', async (target, message) => {
    const { scene } = sceneOf();
    const client = scene.mailbox();
    await expect(client.cast('a', {}, target as object)).rejects.toThrow(message);
    await expect(client.ask('a', {}, { ...(target as object), timeoutMs })).rejects.toThrow(message);
  });

  test('and who answers order what they do by their logical clocks [RC-097]', async () => {
    const { scene } = sceneOf();
    const [ofNode, ofClient] = [new LamportClock(5), new LamportClock(40)];
    await scene.node('w1', { logicalClock: ofNode });
    await scene.mailbox(ofClient).ask('a', {}, { timeoutMs, limit: 1 });
    // Sent at 41, heard at 42, which is an event of its own, answered at 44.
    expect(ofNode.value).toBe(44);
    expect(ofClient.value).toBe(45);
  });

  test('gives up when the broker is away for too long, and says why', async () => {
    const away: Transport = {
      ...memoryTransport(),
      connect: () => Promise.reject(new TransportConnectionError('nobody is there', { recoverable: true })),
    };
    const { scene, clock } = sceneOf({}, away);
    const client = scene.mailbox();
    const asking = client.ask('a', {}, { timeoutMs, sendTimeoutMs: 3_000 });
    asking.catch(() => undefined);
    await clock.advance(3_000);
    await expect(asking).rejects.toMatchObject({
      code: 'CTQ_TRANSPORT_CONNECTION',
      message: expect.stringMatching(/could not be sent within 3000 ms: .*nobody is there/),
    });
  });

  test('and who listens are told of a broker that sends nothing to all [RC-103]', async () => {
    const transport = memoryTransport();
    const supports = { ...transport.supports, exchangeTypes: ['direct', 'topic'] } as const;
    const { scene } = sceneOf({}, { ...transport, supports });
    const node = await scene.node('w1');
    expect(scene.lines.map(({ message }) => message)).toEqual([
      'There is no remote control over memory: it has no fanout exchanges',
    ]);
    await expect(scene.mailbox().cast('a', {})).rejects.toMatchObject({ code: 'CTQ_NOT_SUPPORTED' });
    await node.close();
  });
});

describe('A mailbox', () => {
  test('that is closed asks nobody any more, and tells who waits', async () => {
    const { scene } = sceneOf();
    const asked = deferred();
    await scene.node('w1', {
      handle: () => {
        asked.resolve();
        return noReply;
      },
    });
    const client = scene.mailbox();
    const asking = client.ask('a', {}, { timeoutMs });
    asking.catch(() => undefined);
    await asked.promise;
    await Promise.all([client.close(), client.close()]);
    await expect(asking).rejects.toMatchObject({ code: 'CTQ_CHANNEL_CLOSED' });
    await expect(client.ask('b', {}, { timeoutMs })).rejects.toMatchObject({ code: 'CTQ_CHANNEL_CLOSED' });
    await expect(client.cast('b', {})).rejects.toMatchObject({ code: 'CTQ_CHANNEL_CLOSED' });
  });

  test('is closed early: before it was used, and while it begins to listen', async () => {
    const { scene } = sceneOf();
    await scene.mailbox().close();
    const client = scene.mailbox();
    const asking = client.ask('a', {}, { timeoutMs });
    asking.catch(() => undefined);
    await client.close();
    await expect(asking).rejects.toMatchObject({ code: 'CTQ_CHANNEL_CLOSED' });
    const node = scene.newNode('w1');
    await node.close();
    await expect(node.start()).rejects.toMatchObject({ code: 'CTQ_CHANNEL_CLOSED' });
  });

  test('has queues as its options say [RC-084, RC-088]', () => {
    const named = { namespace: 'shop', queueTtl: 300, queueExpires: '10s' } as const;
    const flags = { durable: false, exclusive: false, autoDelete: true };
    const passing = new MailboxLayout(named);
    expect(passing.nodeQueue('w1@host', () => undefined)).toMatchObject({
      ...flags,
      name: 'w1@host.shop.pidbox',
      arguments: { 'x-expires': 10_000, 'x-message-ttl': 300_000 },
    });
    expect(passing.replyQueue('id')).toMatchObject({
      ...flags,
      name: 'id.reply.shop.pidbox',
      routingKey: 'id',
      arguments: { 'x-expires': 10_000, 'x-message-ttl': 300_000 },
    });
    const durable = new MailboxLayout({ queueDurable: true }).nodeQueue('w1', () => undefined);
    expect(durable).toMatchObject({ durable: true, autoDelete: false, arguments: {} });
    const exclusive = new MailboxLayout({ queueExclusive: true }).nodeQueue('w1', () => undefined);
    expect(exclusive).toMatchObject({ durable: false, exclusive: true, autoDelete: true });
  });

  test('acknowledges neither requests nor replies [RC-101]', async () => {
    const consumed: unknown[] = [];
    const sound = memoryTransport();
    const transport: Transport = {
      ...sound,
      connect: async (context, signal) => {
        const connection = await sound.connect(context, signal);
        const openChannel = async (): Promise<Channel> => {
          const channel = await connection.openChannel();
          const consume: Channel['consume'] = (queue, options, onDelivery) => {
            consumed.push([queue.replace(/^[\da-f-]{36}/, 'id'), options.noAck]);
            return channel.consume(queue, options, onDelivery);
          };
          return new Proxy(channel, {
            get: (target, key) => {
              const value: unknown = key === 'consume' ? consume : Reflect.get(target, key, target);
              return typeof value === 'function' ? value.bind(target) : value;
            },
          });
        };
        return { closed: connection.closed, close: () => connection.close(), openChannel };
      },
    };
    const { scene } = sceneOf({}, transport);
    await scene.node('w1');
    await scene.mailbox().ask('a', {}, { timeoutMs, limit: 1 });
    expect(consumed).toEqual([
      ['w1.celery.pidbox', true],
      ['id.reply.celery.pidbox', true],
    ]);
  });

  test('is not both durable and of one connection [RC-104]', () => {
    expect(() => new MailboxLayout({ queueDurable: true, queueExclusive: true })).toThrow(
      expect.objectContaining({ code: 'CTQ_INVALID_SETTINGS' }),
    );
  });
});

describe('A node', () => {
  test('says nothing of replies that nobody waits for any more, nor a client of requests that nobody hears [RC-089]', async () => {
    const { scene } = sceneOf();
    await scene.mailbox().cast('a', {});
    const asked = deferred();
    const go = deferred();
    const node = await scene.node('w1', {
      handle: () => {
        asked.resolve();
        return go.promise;
      },
    });
    const client = scene.mailbox();
    const asking = client.ask('b', {}, { timeoutMs });
    asking.catch(() => undefined);
    await asked.promise;
    await client.close();
    go.resolve();
    await node.close();
    expect(scene.lines.at(-1)?.message).toBe('Nobody waits for the reply to b any more');
    expect(new Set(scene.lines.map(({ level }) => level))).toEqual(new Set(['debug']));
  });

  test('takes no notice of requests that it need not hear, and tells of replies that cannot be written', async () => {
    const { scene } = sceneOf();
    await scene.node('w1', { passesOver: ({ isStored }) => isStored, handle: () => Symbol('unspeakable') });
    const client = scene.mailbox();
    await client.cast('stored', {}, { isStored: true });
    const [reply] = await client.ask('b', {}, { timeoutMs, limit: 1 });
    expect(reply?.value).toEqual({ error: expect.stringMatching(/Symbol|symbol/) });
    expect(scene.heard).toEqual(['w1 b']);
  });
});
