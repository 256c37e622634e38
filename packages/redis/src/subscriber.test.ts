import { once } from 'node:events';
import { deferred, systemClock, toError } from '@ctq/runtime';
import { describeWith } from '@ctq/test-services/vitest';
import { Redis } from 'ioredis';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { openClient } from './connect.js';
import { Subscriber } from './subscriber.js';

describeWith('redis', 'a subscriber', (url) => {
  let admin: Redis;
  let channel: string;

  beforeEach(() => {
    admin = new Redis(url);
    onTestFinished(() => admin.disconnect());
    channel = `subscriber-${crypto.randomUUID()}`;
  });

  async function connect(signal: AbortSignal): Promise<Redis> {
    const { hostname, port } = new URL(url);
    return await openClient({ host: hostname, port: Number(port) }, signal);
  }

  function subscriber(options: { reconnects: boolean; connect?: typeof connect }): Subscriber {
    const made = new Subscriber({
      connect: options.connect ?? connect,
      ...(options.reconnects ? { reconnects: { clock: systemClock } } : {}),
    });
    onTestFinished(() => made.close());
    return made;
  }

  async function kill(id: number): Promise<void> {
    await admin.client('KILL', 'ID', id);
  }

  test('tells the second listener of a channel that it listens only when the server has said so', async () => {
    // Nothing that is sent arrives before it is let through.
    const gate = deferred();
    const slow = subscriber({
      reconnects: false,
      connect: async (signal) => {
        const client = await connect(signal);
        const send = client.subscribe.bind(client);
        client.subscribe = (async (...channels: string[]) => {
          await gate.promise;
          return await send(...channels);
        }) as typeof client.subscribe;
        return client;
      },
    });
    const told: string[] = [];
    const first = slow.listen(channel, (_, message) => told.push(`first ${message}`));
    const second = slow.listen(channel, (_, message) => told.push(`second ${message}`));
    let isConfirmed = false;
    void second.then(() => (isConfirmed = true));
    // By now the first one has asked, and the connection was known to both.
    await slow.clientId();
    await admin.ping();
    expect(isConfirmed).toBe(false);
    gate.resolve();
    await Promise.all([first, second]);
    await admin.publish(channel, 'now');
    await slow.listen(`${channel}-next`, () => undefined);
    expect(told).toEqual(['first now', 'second now']);
  });

  test('asks again for a channel that was refused', async () => {
    await admin.acl('SETUSER', channel, 'on', 'nopass', '+@all', 'resetchannels');
    onTestFinished(async () => void (await admin.acl('DELUSER', channel)));
    const { hostname, port } = new URL(url);
    const restricted = subscriber({
      reconnects: false,
      connect: (signal) =>
        openClient({ host: hostname, port: Number(port), username: channel, password: 'any' }, signal),
    });
    const refused = await Promise.allSettled([
      restricted.listen(channel, () => undefined),
      restricted.listen(channel, () => undefined),
    ]);
    expect(refused.map((outcome) => outcome.status === 'rejected' && toError(outcome.reason).message)).toEqual([
      expect.stringContaining('NOPERM'),
      expect.stringContaining('NOPERM'),
    ]);
    await admin.acl('SETUSER', channel, `&${channel}`);
    const told = deferred<string>();
    await restricted.listen(channel, (_, message) => told.resolve(message));
    await admin.publish(channel, 'allowed');
    expect(await told.promise).toBe('allowed');
  });

  test('listens again to what it listened to when its connection was lost', async () => {
    const lasting = subscriber({ reconnects: true });
    const told = deferred<string>();
    await lasting.listen(channel, (_, message) => told.resolve(message));
    await lasting.listen(`${channel}-*`, () => undefined);
    await kill(await lasting.clientId());
    // Nobody asks for it.
    while ((await admin.publish(channel, 'once more')) === 0);
    expect(await told.promise).toBe('once more');
    expect(await admin.publish(`${channel}-x`, '')).toBe(1);
  });

  test('without reconnecting says that it was lost, once', async () => {
    const lost = deferred();
    let count = 0;
    const single = new Subscriber({
      connect,
      onLost: () => {
        count += 1;
        lost.resolve();
      },
    });
    await single.listen(channel, () => undefined);
    await kill(await single.clientId());
    await lost.promise;
    await single.close();
    await single.close();
    expect(count).toBe(1);
    await expect(single.listen(channel, () => undefined)).rejects.toThrow('Connection is closed.');
  });

  test('ends a subscription with its last listener', async () => {
    const quiet = subscriber({ reconnects: false });
    const ends = [await quiet.listen(channel, () => undefined), await quiet.listen(channel, () => undefined)];
    await ends[0]?.();
    expect(await admin.publish(channel, '')).toBe(1);
    await ends[1]?.();
    await ends[1]?.();
    expect(await admin.publish(channel, '')).toBe(0);
  });

  test('that is closed while it connects leaves no connection behind', async () => {
    const connecting = deferred<Redis>();
    const closed = new Subscriber({
      connect: async (signal) => {
        const client = await connect(new AbortController().signal);
        connecting.resolve(client);
        await once(signal, 'abort');
        return client;
      },
    });
    void closed.listen(channel, () => undefined).catch(() => undefined);
    const client = await connecting.promise;
    await closed.close();
    expect(client.status).toBe('end');
  });
});
