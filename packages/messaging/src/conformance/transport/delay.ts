import assert from 'node:assert/strict';
import { NotSupportedError } from '../../errors.js';
import { textOf, textsOf } from '../messages.js';
import { requireDelay, type TransportCase } from './case.js';

const hourMs = 3_600_000;

export const delayCases: readonly TransportCase[] = [
  {
    name: 'a parked message is out of the way until it is due',
    requires: requireDelay,
    async run(scene) {
      const channel = await scene.channel();
      const queue = await scene.queue(channel);
      await scene.send(channel, queue, 'later', 'now');
      const later = await scene.fetch(channel, queue);
      await later.park(scene.clock.now() + hourMs);
      assert.equal(later.isSettled, true);
      assert.deepEqual(textsOf(await scene.drain(channel, queue)), ['now']);
    },
  },
  {
    name: 'a parked message counts as waiting in its queue, and is purged with it',
    requires: { what: 'countsParked', isMet: ({ countsParked }) => countsParked },
    async run(scene) {
      const channel = await scene.channel();
      const queue = await scene.queue(channel);
      await scene.send(channel, queue, 'later');
      await (await scene.fetch(channel, queue)).park(scene.clock.now() + hourMs);
      const info = await channel.declareQueue({ name: queue, durable: true, exclusive: false, autoDelete: false });
      assert.equal(info.messageCount, 1);
      assert.equal(await channel.purgeQueue(queue), 1);
    },
  },
  {
    name: 'a parked message is delivered when it is due, to anyone, and not as redelivered',
    requires: requireDelay,
    async run(scene) {
      const connection = await scene.connection();
      const channel = await connection.openChannel();
      const queue = await scene.queue(channel);
      await scene.send(channel, queue, 'a');
      const parked = await scene.fetch(channel, queue);
      const other = await scene.channel();
      const collector = scene.collector();
      await other.consume(queue, {}, collector.onDelivery);
      await parked.park(scene.clock.now() + 200);
      await connection.close();
      const delivery = await collector.next();
      assert.equal(textOf(delivery), 'a');
      assert.equal(delivery.redelivered, false);
      await delivery.ack();
    },
  },
  {
    name: 'a message parked until a moment that has passed comes at once',
    requires: requireDelay,
    async run(scene) {
      const channel = await scene.channel();
      const queue = await scene.queue(channel);
      const collector = scene.collector();
      await channel.setPrefetch(1);
      await channel.consume(queue, {}, collector.onDelivery);
      await scene.send(channel, queue, 'a');
      await (await collector.next()).park(scene.clock.now() - 1_000);
      await (await collector.next()).ack();
    },
  },
  {
    name: 'parking makes room in the prefetch',
    requires: requireDelay,
    async run(scene) {
      const channel = await scene.channel();
      const queue = await scene.queue(channel);
      const collector = scene.collector();
      await channel.setPrefetch(1);
      await channel.consume(queue, {}, collector.onDelivery);
      await scene.send(channel, queue, 'later', 'now');
      await (await collector.next()).park(scene.clock.now() + hourMs);
      assert.equal(textOf(await collector.next()), 'now');
    },
  },
  {
    name: 'a broker that cannot delay refuses to park, and the delivery stays unsettled',
    requires: { what: 'no delay', isMet: ({ delay }) => !delay },
    async run(scene) {
      const channel = await scene.channel();
      const queue = await scene.queue(channel);
      await scene.send(channel, queue, 'a');
      const delivery = await scene.fetch(channel, queue);
      await assert.rejects(delivery.park(scene.clock.now() + hourMs), (error) => NotSupportedError.isInstance(error));
      assert.equal(delivery.isSettled, false);
      await delivery.ack();
    },
  },
];
