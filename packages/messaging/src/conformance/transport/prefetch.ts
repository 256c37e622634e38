import assert from 'node:assert/strict';
import { textOf, textsOf } from '../messages.js';
import type { TransportCase } from './case.js';

export const prefetchCases: readonly TransportCase[] = [
  {
    name: 'a consumer holds no more than the prefetch allows; the rest waits for others [MS-089]',
    async run(scene) {
      const channel = await scene.channel();
      const queue = await scene.queue(channel);
      await channel.setPrefetch(2);
      const collector = scene.collector();
      await channel.consume(queue, {}, collector.onDelivery);
      await scene.send(channel, queue, '1', '2', '3');
      await collector.take(2);
      const other = await scene.channel();
      assert.equal(textOf(await scene.fetch(other, queue)), '3');
      assert.equal(collector.all.length, 2);
    },
  },
  {
    name: 'each settlement makes room for one more [MS-089]',
    async run(scene) {
      const channel = await scene.channel();
      const queue = await scene.queue(channel);
      await channel.setPrefetch(1);
      const collector = scene.collector();
      await channel.consume(queue, {}, collector.onDelivery);
      await scene.send(channel, queue, '1', '2', '3');
      for (const expected of ['1', '2', '3']) {
        const delivery = await collector.next();
        assert.equal(textOf(delivery), expected);
        assert.equal(collector.all.filter(({ isSettled }) => !isSettled).length, 1);
        await (expected === '2' ? delivery.reject({ requeue: false }) : delivery.ack());
      }
    },
  },
  {
    name: 'prefetch 0 is no limit [MS-089]',
    async run(scene) {
      const channel = await scene.channel();
      const queue = await scene.queue(channel);
      await channel.setPrefetch(0);
      const collector = scene.collector();
      await channel.consume(queue, {}, collector.onDelivery);
      const texts = Array.from({ length: 2_500 }, (_, index) => String(index));
      await scene.send(channel, queue, ...texts);
      const deliveries = await collector.take(texts.length);
      assert.deepEqual(textsOf(deliveries), texts);
      await Promise.all(deliveries.map((delivery) => delivery.ack()));
    },
  },
];
