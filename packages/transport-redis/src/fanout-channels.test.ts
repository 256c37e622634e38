import type { Channel } from '@ctq/messaging/transport';
import { recordCommands } from '@ctq/test-services/redis-monitor';
import { describeWith } from '@ctq/test-services/vitest';
import { expect, onTestFinished, test } from 'vitest';
import { eventually, lasting, redisScene, type RedisScene, textMessage, textOf } from './__fixtures__/redis-scene.js';
import type { RedisOptions } from './redis-options.js';

const exchange = { name: 'pidbox', type: 'fanout', durable: false, autoDelete: false } as const;

async function listen(channel: Channel, queue: string, routingKey = ''): Promise<string[]> {
  await channel.declareExchange(exchange);
  await channel.declareQueue({ ...lasting, name: queue, autoDelete: true });
  await channel.bindQueue({ exchange: 'pidbox', queue, routingKey });
  const got: string[] = [];
  await channel.consume(queue, { noAck: true }, (delivery) => got.push(textOf(delivery)));
  return got;
}

/** Channels on which something is published while the program does. */
async function channelsOf(scene: RedisScene, options: RedisOptions, routingKeys: readonly string[]): Promise<string[]> {
  const listener = scene.client.duplicate();
  onTestFinished(() => listener.disconnect());
  const channels: string[] = [];
  listener.on('pmessage', (_pattern: string, channel: string) => channels.push(channel));
  await listener.psubscribe(`*${scene.prefix}*`);
  const channel = await scene.channel(options);
  await channel.declareExchange(exchange);
  for (const routingKey of routingKeys) await channel.publish(textMessage('x'), { exchange: 'pidbox', routingKey });
  await eventually(async () => channels.length === routingKeys.length);
  return channels.map((name) => name.slice(scene.prefix.length));
}

describeWith('redis', 'A fan-out exchange', (url) => {
  const db = new URL(url).pathname.slice(1) || '0';

  test('[MS-140] reaches everybody who listens, by the routing key where there is one, and keeps nothing for the others', async () => {
    const scene = redisScene(url);
    const producer = await scene.channel();
    await producer.declareExchange(exchange);
    const publish = (text: string, routingKey: string): Promise<void> =>
      producer.publish(textMessage(text), { exchange: 'pidbox', routingKey });
    await publish('before', '');
    const [one, other, workers] = [
      await listen(await scene.channel(), 'one'),
      await listen(await scene.channel(), 'other'),
      await listen(await scene.channel(), 'workers', 'worker.#'),
    ];
    await publish('to all', '');
    await publish('to workers', 'worker.online');
    await publish('to nobody', 'task.sent');
    await eventually(async () => one.length + other.length + workers.length === 3);
    expect([one, other, workers]).toEqual([['to all'], ['to all'], ['to workers']]);
    expect(await scene.client.keys(`${scene.prefix}*\x06\x16*`)).toEqual([]);
    expect((await scene.keys()).filter((key) => ['one', 'other', 'workers'].includes(key))).toEqual([]);
  });

  test.each([
    ['[MS-140, MS-141] by default', {}, [`/${db}.pidbox`, `/${db}.pidbox/a.b`]],
    ['[MS-141] without a prefix', { fanoutPrefix: false }, ['pidbox', 'pidbox/a.b']],
    [
      '[MS-141] with a prefix of its own',
      { fanoutPrefix: '/shop-{db}.' },
      [`/shop-${db}.pidbox`, `/shop-${db}.pidbox/a.b`],
    ],
    ['[MS-141] without patterns', { fanoutPatterns: false }, [`/${db}.pidbox`, `/${db}.pidbox`]],
  ] as const)(
    '%s has the channels that Kombu gives it, after the global prefix [MS-142]',
    async (_, options, expected) => {
      expect(await channelsOf(redisScene(url), options, ['', 'a.b'])).toEqual(expected);
    },
  );

  test('[MS-148] takes its auto-delete queue along when its consumer goes', async () => {
    const scene = redisScene(url);
    const channel = await scene.channel();
    await listen(channel, 'w1.pidbox');
    const bindings = `${scene.prefix}_kombu.binding.pidbox`;
    expect(await scene.client.scard(bindings)).toBe(1);
    await channel.close();
    expect(await scene.client.exists(bindings)).toBe(0);
    expect(await scene.keys()).toEqual(['ctq.era', 'ctq.exchanges']);
  });

  test('[MS-142] and everything else stands behind the global prefix', async () => {
    const scene = redisScene(url);
    const name = crypto.randomUUID();
    const commands = await recordCommands(url, async () => {
      const channel = await scene.channel();
      await listen(channel, `${name}-broadcast`);
      await channel.declareQueue({ ...lasting, name, arguments: { 'x-expires': 60_000 } });
      await channel.bindQueue({ exchange: 'direct', queue: name, routingKey: name });
      await channel.publish(textMessage(name), { exchange: 'direct', routingKey: name });
      const delivery = await channel.get(name);
      await delivery?.park(Date.now());
      await (await eventually(() => channel.get(name))).ack();
      await channel.close();
    });
    // Scripts name their keys below.
    const own = commands.filter(({ args }) => args.some((argument) => argument.includes(name)));
    const keys = own.filter(({ name: command }) => !command.startsWith('EVAL')).map(({ args: [key = ''] }) => key);
    expect(keys.length).toBeGreaterThan(20);
    expect(keys.filter((key) => !key.startsWith(scene.prefix))).toEqual([]);
  });
});
