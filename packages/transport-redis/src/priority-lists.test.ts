import { describeWith } from '@ctq/test-services/vitest';
import { expect, test } from 'vitest';
import { lasting, pythonEnvelope, redisScene, textMessage, textOf } from './__fixtures__/redis-scene.js';

describeWith('redis', 'A queue', (url) => {
  test('[MS-131, MS-132] is one list for each priority step, and its bindings stand in the set of their exchange', async () => {
    const scene = redisScene(url);
    const channel = await scene.channel();
    await channel.declareExchange({ name: 'topics', type: 'topic', durable: true, autoDelete: false });
    await channel.declareQueue({ ...lasting, name: 'work' });
    await channel.bindQueue({ exchange: 'topics', queue: 'work', routingKey: 'a.#' });
    for (let priority = 0; priority < 10; priority += 1)
      await channel.publish(textMessage(String(priority), { priority }), { exchange: 'topics', routingKey: 'a.b' });
    const lists = await Promise.all(
      ['work', 'work\x06\x163', 'work\x06\x166', 'work\x06\x169'].map((list) =>
        scene.client.llen(`${scene.prefix}${list}`),
      ),
    );
    expect(lists).toEqual([3, 3, 3, 1]);
    expect(await scene.client.smembers(`${scene.prefix}_kombu.binding.topics`)).toEqual([
      'a.#\x06\x16^a\\..*?$\x06\x16work',
    ]);
    const got: string[] = [];
    for (let delivery = await channel.get('work', { noAck: true }); delivery; )
      [delivery] = [await channel.get('work', { noAck: true }), got.push(textOf(delivery))];
    expect(got).toEqual(['0', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
  });

  test('[MS-133] is pushed to at the left and taken from at the right, the first step of all queues before the next', async () => {
    const scene = redisScene(url);
    const store = await scene.store();
    const entry = (queue: string, text: string, priority: number) => ({
      ...{ queue, message: textMessage(text, { priority }), route: { exchange: '', routingKey: queue }, priority },
    });
    await store.push([entry('a', 'a6', 6), entry('b', 'b6', 6), entry('b', 'b0', 0), entry('a', 'later', 0)]);
    await scene.client.lpush(`${scene.prefix}a`, pythonEnvelope('last', '', 'a'));
    await scene.client.rpush(`${scene.prefix}a`, pythonEnvelope('first', '', 'a'));
    const taken = await store.pop({ queues: ['b', 'a'], limit: 10, noAck: false });
    expect(taken.map(textOf)).toEqual(['b0', 'first', 'later', 'last', 'b6', 'a6']);
  });

  test('[MS-147] is counted, purged, found and deleted over all of its lists', async () => {
    const scene = redisScene(url);
    const { client, prefix } = scene;
    const channel = await scene.channel();
    const fill = (): Promise<unknown> =>
      Promise.all(
        ['', '\x06\x163', '\x06\x166', '\x06\x169'].map((step) =>
          client.lpush(`${prefix}work${step}`, pythonEnvelope('x', '', 'work')),
        ),
      );
    const declare = { ...lasting, name: 'work', passive: true };
    await expect(channel.declareQueue(declare)).rejects.toThrow("There is no queue 'work'.");
    await client.lpush(`${prefix}work\x06\x169`, pythonEnvelope('x', '', 'work'));
    // Declared by nobody, and there: as in Kombu, a list is a queue.
    expect(await channel.declareQueue(declare)).toMatchObject({ messageCount: 1 });
    await fill();
    expect(await channel.declareQueue(declare)).toMatchObject({ messageCount: 5 });
    expect(await channel.purgeQueue('work')).toBe(5);
    await fill();
    expect(await channel.deleteQueue('work')).toBe(4);
    expect(await client.keys(`${prefix}work*`)).toEqual([]);
  });

  test('[MS-135] has what is held of it in `unacked` as Kombu reads it, and in `unacked_index` by the time of its lease', async () => {
    const scene = redisScene(url);
    const { client, prefix } = scene;
    const store = await scene.store({ leaseDuration: '30s' });
    const envelope = pythonEnvelope('a', 'x', 'k');
    await client.lpush(`${prefix}work`, envelope);
    const [held] = await store.pop({ queues: ['work'], limit: 1, noAck: false });
    const tag = held?.tag ?? '';
    const entries = await client.hgetall(`${prefix}unacked`);
    // The exchange and the routing key by which Kombu finds the queue that it was taken from.
    expect(JSON.parse(entries[tag] ?? '')).toEqual([JSON.parse(envelope), '', 'work']);
    const score = Number(await client.zscore(`${prefix}unacked_index`, tag)) * 1_000;
    expect(score - Date.now()).toBeGreaterThan(20_000);
    expect(score - Date.now()).toBeLessThan(40_000);
    await store.settle([{ kind: 'ack', tag }]);
    expect(await scene.keys()).toEqual(['ctq.leases']);
  });

  test('[MS-137, MS-138] gets a message back as the last when it is requeued, marked as redelivered', async () => {
    const scene = redisScene(url);
    const channel = await scene.channel();
    for (const text of ['a', 'b']) await channel.publish(textMessage(text), { exchange: '', routingKey: 'work' });
    await (await channel.get('work'))?.reject({ requeue: true });
    const envelopes = await scene.client.lrange(`${scene.prefix}work`, 0, -1);
    const [last] = envelopes.map((envelope) => JSON.parse(envelope) as Record<string, unknown>);
    expect(last).toMatchObject({
      body: Buffer.from('a').toString('base64'),
      headers: { redelivered: true },
      properties: { delivery_info: { redelivered: true } },
    });
    const again = [await channel.get('work'), await channel.get('work')];
    expect(again.map((delivery) => delivery && [textOf(delivery), delivery.redelivered])).toEqual([
      ['b', false],
      ['a', true],
    ]);
  });
});

describeWith('redis', 'Queues of one consumer', (url) => {
  test.each([
    ['round_robin', 'bacbacbac'],
    ['priority', 'bbbaaaccc'],
    ['sorted', 'aaabbbccc'],
  ] as const)('[MS-134] take turns, or do not: %s', async (queueOrderStrategy, expected) => {
    const scene = redisScene(url);
    const channel = await scene.channel({ queueOrderStrategy });
    for (const queue of ['a', 'b', 'c'])
      for (let count = 0; count < 3; count += 1)
        await channel.publish(textMessage(queue), { exchange: '', routingKey: queue });
    await channel.setPrefetch(1);
    let order = '';
    await new Promise<void>((resolve) => {
      for (const queue of ['b', 'a', 'c'])
        void channel.consume(queue, {}, (delivery) => {
          order += delivery.queue;
          void delivery.ack();
          if (order.length === 9) resolve();
        });
    });
    expect(order).toBe(expected);
  });
});
