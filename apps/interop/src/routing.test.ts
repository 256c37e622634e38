import { exchange, type Queue, queue } from '@ctq/messaging';
import type { RedisOptions } from '@ctq/transport-redis';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BrokerName } from './brokers.js';
import { CtqPeer } from './ctq-peer.js';
import { describeOverBrokers } from './places.js';
import { makingPythonMs, pythonWithCelery } from './python/environment.js';
import { KombuPeer, type KombuQueue } from './python/kombu-peer.js';

type Variant = readonly [title: string, ctq: RedisOptions, kombu: Readonly<Record<string, unknown>>];

/** Where the two sides may be set up otherwise than by default, and have to be so together. */
const variants: Readonly<Record<BrokerName, readonly Variant[]>> = {
  Redis: [
    ['as it is', {}, {}],
    ['under a prefix [MS-142]', { globalKeyprefix: 'shop:' }, { global_keyprefix: 'shop:' }],
    ['without fan-out patterns [MS-141]', { fanoutPatterns: false }, { fanout_patterns: false }],
    ['without a fan-out prefix [MS-141]', { fanoutPrefix: false }, { fanout_prefix: false }],
  ],
  RabbitMQ: [['as it is', {}, {}]],
};

const bindings: Readonly<Record<string, string>> = {
  exact: 'news.eu.sport',
  'one word': 'news.*.sport',
  'last word': 'news.eu.*',
  'all of Europe': 'news.eu.#',
  'all sport': '#.sport',
  everything: '#',
};

/** Routing keys and the queues that they lead to. */
const routed: Readonly<Record<string, readonly string[]>> = {
  'news.eu.sport': ['all of Europe', 'all sport', 'everything', 'exact', 'last word', 'one word'],
  'news.us.sport': ['all sport', 'everything', 'one word'],
  'news.eu.art': ['all of Europe', 'everything', 'last word'],
  'news.eu': ['everything'],
  'news.eu.art.modern': ['all of Europe', 'everything'],
  newsXeuXsport: ['everything'],
};

/** On RabbitMQ the server routes, and its `.#` stands for no word too. */
const routedByServer: typeof routed = { ...routed, 'news.eu': ['all of Europe', 'everything'] };

/** On Redis publishers route, and Kombu's let a star run across dots: ctq's and RabbitMQ do not. */
const routedBy: Readonly<Record<BrokerName, { readonly ctq: typeof routed; readonly kombu: typeof routed }>> = {
  Redis: { ctq: routed, kombu: { ...routed, 'news.eu.art.modern': ['all of Europe', 'everything', 'last word'] } },
  RabbitMQ: { ctq: routedByServer, kombu: routedByServer },
};

const copiesOf = (routes: Readonly<Record<string, readonly string[]>>): number => Object.values(routes).flat().length;

const names = { redis: 'interopRouting', amqp: 'interopRouting' } as const;

describeOverBrokers('Exchanges that Kombu and ctq share', names, (place) => {
  let python: string;

  beforeAll(async () => {
    python = await pythonWithCelery();
    const admin = new Redis(place.backend);
    await admin.flushdb();
    admin.disconnect();
  }, makingPythonMs);

  describe.each(variants[place.on])('%s', (_title, ctqOptions, transportOptions) => {
    let kombu: KombuPeer;
    let ctq: CtqPeer;

    beforeAll(() => {
      kombu = new KombuPeer(python, { ...place, transportOptions });
      ctq = new CtqPeer(place, ctqOptions);
    });

    afterAll(async () => {
      await ctq[Symbol.asyncDispose]();
      await kombu[Symbol.asyncDispose]();
    });

    /** Names of a test's own, and back. */
    function scene() {
      const prefix = `${crypto.randomUUID()}.`;
      return { own: (name: string) => prefix + name, plain: (name: string) => name.slice(prefix.length) };
    }

    /** Which queues got which routing keys. */
    function arrivals(
      received: readonly { readonly queue: string; readonly body: unknown }[],
      plain: (name: string) => string,
    ): Readonly<Record<string, readonly string[]>> {
      const byBody: Record<string, string[]> = {};
      for (const { queue: name, body } of received) (byBody[String(body).replaceAll("'", '')] ??= []).push(plain(name));
      for (const queues of Object.values(byBody)) queues.sort();
      return byBody;
    }

    test('a topic exchange that Kombu declares and binds leads what ctq publishes to its queues [MS-076, MS-077] {ctq → kombu: topic}', async () => {
      const { own, plain } = scene();
      const name = own('topic');
      const queues = Object.entries(bindings).map(
        ([title, routingKey]): KombuQueue => ({ name: own(title), exchange: name, type: 'topic', routingKey }),
      );
      await kombu.declare(queues);
      // On Redis Kombu keeps no declarations on the server: whoever publishes says what kind of exchange it is. Elsewhere it has to say the same.
      const channel = await ctq.connection.openChannel();
      await channel.declareExchange({ name, type: 'topic', durable: true, autoDelete: false });
      await ctq.publish(Object.keys(routed).map((key) => ({ body: key, exchange: name, routingKey: key })));
      await kombu.listen(queues);
      const received = await kombu.receive(copiesOf(routedBy[place.on].ctq));
      expect(arrivals([...received, ...(await kombu.cancel())], plain)).toEqual(routedBy[place.on].ctq);
    });

    test('a topic exchange that ctq declares and binds leads what Kombu publishes to its queues [MS-076, MS-077, MS-131] {kombu → ctq: topic}', async () => {
      const { own, plain } = scene();
      const topic = exchange(own('topic'), { type: 'topic' });
      const queues = Object.entries(bindings).map(([title, routingKey]) =>
        queue(own(title), { exchange: topic, routingKey }),
      );
      const listener = await ctq.listen(queues);
      await kombu.publish(
        Object.keys(routed).map((key) => ({
          body: `'${key}'`,
          exchange: topic.name,
          type: 'topic',
          routingKey: key,
        })),
      );
      const received = await listener.receive(copiesOf(routedBy[place.on].kombu));
      expect(arrivals([...received, ...(await listener.close())], plain)).toEqual(routedBy[place.on].kombu);
    });

    test('a direct exchange with several bindings leads messages of both to queues of both [MS-075, MS-131] {kombu → ctq: direct} {ctq → kombu: direct}', async () => {
      const { own, plain } = scene();
      const direct = exchange(own('direct'));
      const theirs: KombuQueue = { name: own('theirs'), exchange: direct.name, routingKey: 'order' };
      const ours = queue(own('ours'), { exchange: direct, routingKey: 'order' });
      await kombu.listen([theirs]);
      const listener = await ctq.listen([ours]);
      await kombu.publish([{ body: "'from Kombu'", exchange: direct.name, routingKey: 'order' }]);
      await ctq.publish([{ body: 'from ctq', exchange: direct.name, routingKey: 'order' }]);
      await ctq.publish([{ body: 'nobody', exchange: direct.name, routingKey: 'other' }]);
      const received = [...(await kombu.receive(2)), ...(await listener.receive(2))];
      const rest = [...(await kombu.cancel()), ...(await listener.close())];
      expect(arrivals([...received, ...rest], plain)).toEqual({
        'from Kombu': ['ours', 'theirs'],
        'from ctq': ['ours', 'theirs'],
      });
    });

    test('a fan-out exchange gives a copy to every listener of either, from either [MS-078, MS-140] {kombu → ctq: fanout} {ctq → kombu: fanout}', async () => {
      const { own, plain } = scene();
      const fanout = exchange(own('fanout'), { type: 'fanout' });
      await kombu.listen([{ name: own('theirs'), exchange: fanout.name, type: 'fanout' }]);
      const listener = await ctq.listen(
        ['ours', 'also ours'].map((name) => queue(own(name), { exchange: fanout, autoDelete: true })),
      );
      await kombu.publish([{ body: "'from Kombu'", exchange: fanout.name, type: 'fanout', routingKey: '' }]);
      await ctq.publish([{ body: 'from ctq', exchange: fanout.name, routingKey: '' }]);
      const received = [...(await kombu.receive(2)), ...(await listener.receive(4))];
      const rest = [...(await kombu.cancel()), ...(await listener.close())];
      expect(arrivals([...received, ...rest], plain)).toEqual({
        'from Kombu': ['also ours', 'ours', 'theirs'],
        'from ctq': ['also ours', 'ours', 'theirs'],
      });
    });

    test('a fan-out exchange with routing keys goes by them where patterns are on [MS-140, MS-141]', async () => {
      const { own, plain } = scene();
      const fanout = exchange(own('events'), { type: 'fanout' });
      const keys = { all: '*', workers: 'worker.*', tasks: 'task.*' };
      await kombu.listen(
        Object.entries(keys).map(([title, routingKey]) => ({
          name: own(`their ${title}`),
          exchange: fanout.name,
          type: 'fanout',
          routingKey,
        })),
      );
      const described = Object.entries(keys).map(
        ([title, routingKey]): Queue => queue(own(`our ${title}`), { exchange: fanout, autoDelete: true, routingKey }),
      );
      const listener = await ctq.listen(described);
      // RabbitMQ knows no keys in fan-out exchanges.
      const isByKey = place.on === 'Redis' && transportOptions['fanout_patterns'] !== false;
      const perSide = isByKey ? 4 : 6;
      await kombu.publish([
        { body: "'worker.online'", exchange: fanout.name, type: 'fanout', routingKey: 'worker.online' },
      ]);
      await ctq.publish([{ body: 'task.sent', exchange: fanout.name, routingKey: 'task.sent' }]);
      const received = [...(await kombu.receive(perSide)), ...(await listener.receive(perSide))];
      const rest = [...(await kombu.cancel()), ...(await listener.close())];
      const everybody = Object.keys(keys).flatMap((title) => [`our ${title}`, `their ${title}`]);
      expect(arrivals([...received, ...rest], plain)).toEqual(
        isByKey
          ? {
              'worker.online': ['our all', 'our workers', 'their all', 'their workers'],
              'task.sent': ['our all', 'our tasks', 'their all', 'their tasks'],
            }
          : { 'worker.online': everybody.sort(), 'task.sent': everybody.sort() },
      );
    });

    test("a message to Kombu's Broadcast queue reaches its workers and those of ctq [MS-210] {ctq → kombu: broadcast queue}", async () => {
      const { own, plain } = scene();
      const notices = exchange(own('notices'), { type: 'fanout' });
      await kombu.listen(
        ['bcast.one', 'bcast.two'].map((name) => ({ name: own(name), exchange: notices.name, type: 'broadcast' })),
      );
      const listener = await ctq.listen([
        queue(own('bcast.three'), { exchange: notices, alias: 'notices', autoDelete: true }),
      ]);
      await ctq.publish([{ body: 'reload', exchange: notices.name, routingKey: '' }]);
      const received = [...(await kombu.receive(2)), ...(await listener.receive(1))];
      const rest = [...(await kombu.cancel()), ...(await listener.close())];
      expect(arrivals([...received, ...rest], plain)).toEqual({ reload: ['bcast.one', 'bcast.three', 'bcast.two'] });
    });
  });
});
