import assert from 'node:assert/strict';
import { deferred } from '@ctq/runtime';
import type { Delivery } from '../../transport/delivery.js';
import { textMessage, textOf } from '../messages.js';
import { seededRandom } from '../seeded-random.js';
import type { TransportCase } from './case.js';

const total = 5_000;

export const stormCases: readonly TransportCase[] = [
  {
    name: `of ${total} messages that are acknowledged, dropped and requeued at random, none is lost and none is settled twice`,
    async run(scene) {
      const random = seededRandom(20_260_101);
      const publisher = await scene.channel();
      const exchange = await scene.exchange(publisher, 'direct');
      const queues: string[] = [];
      for (let index = 0; index < 3; index += 1) {
        const queue = await scene.queue(publisher);
        await publisher.bindQueue({ exchange, queue, routingKey: `k${index}` });
        queues.push(queue);
      }
      const finished = new Map<string, number>();
      const done = deferred();
      const finish = (id: string): void => {
        finished.set(id, (finished.get(id) ?? 0) + 1);
        if (finished.size === total) done.resolve();
      };
      const onDelivery = (delivery: Delivery): void => {
        const choice = random();
        const id = textOf(delivery);
        if (choice < 0.6) void delivery.ack().then(() => finish(id), done.reject);
        else if (choice < 0.7) void delivery.reject({ requeue: false }).then(() => finish(id), done.reject);
        else void delivery.reject({ requeue: true, position: choice < 0.85 ? 'back' : 'front' }).catch(done.reject);
      };
      for (let consumer = 0; consumer < 3; consumer += 1) {
        const channel = await scene.channel();
        await channel.setPrefetch(1 + 20 * consumer);
        for (const queue of queues) await channel.consume(queue, {}, onDelivery);
      }
      const sends: Promise<void>[] = [];
      for (let id = 0; id < total; id += 1) {
        const route =
          id % 2 === 0 ? { exchange, routingKey: `k${id % 3}` } : { exchange: '', routingKey: queues[id % 3] ?? '' };
        sends.push(publisher.publish(textMessage(String(id)), route));
        if (id % 97 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      await Promise.all(sends);
      await scene.eventually('every message to be finished', done.promise);
      assert.deepEqual(
        [...finished].filter(([, times]) => times !== 1),
        [],
      );
      for (const queue of queues) assert.equal(await publisher.deleteQueue(queue), 0);
    },
  },
];
