import assert from 'node:assert/strict';
import { MessageStateError } from '../../errors.js';
import { textOf, textsOf } from '../messages.js';
import { requireRequeueControl, type TransportCase } from './case.js';

export const settlingCases: readonly TransportCase[] = [
  {
    name: 'an acknowledged message does not come back [MS-070] [MS-090]',
    async run(scene) {
      const connection = await scene.connection();
      const channel = await connection.openChannel();
      const queue = await scene.queue(channel);
      await scene.send(channel, queue, 'a', 'b');
      const first = await scene.fetch(channel, queue);
      await first.ack();
      await connection.close();
      assert.deepEqual(textsOf(await scene.drain(await scene.channel(), queue)), ['b']);
    },
  },
  {
    name: 'a delivery is settled once [MS-070] [MS-073] [TR-228]',
    async run(scene) {
      const channel = await scene.channel();
      const queue = await scene.queue(channel);
      await scene.send(channel, queue, 'a', 'b', 'c');
      const isStateError = (error: unknown): boolean => MessageStateError.isInstance(error);
      const acked = await scene.fetch(channel, queue);
      assert.equal(acked.isSettled, false);
      const acking = acked.ack();
      assert.equal(acked.isSettled, true);
      await assert.rejects(acked.ack(), isStateError);
      await acking;
      await assert.rejects(acked.reject({ requeue: true }), isStateError);
      const rejected = await scene.fetch(channel, queue);
      await rejected.reject({ requeue: false });
      await assert.rejects(rejected.ack(), isStateError);
      assert.deepEqual(textsOf(await scene.drain(channel, queue)), ['c']);
    },
  },
  {
    name: 'a message rejected without requeue is gone [MS-070]',
    async run(scene) {
      const connection = await scene.connection();
      const channel = await connection.openChannel();
      const queue = await scene.queue(channel);
      await scene.send(channel, queue, 'a');
      await (await scene.fetch(channel, queue)).reject({ requeue: false });
      await connection.close();
      assert.deepEqual(textsOf(await scene.drain(await scene.channel(), queue)), []);
    },
  },
  {
    name: 'a requeued message comes again, marked as redelivered [MS-070] [MS-091]',
    async run(scene) {
      const channel = await scene.channel();
      const queue = await scene.queue(channel);
      const collector = scene.collector();
      await channel.consume(queue, {}, collector.onDelivery);
      await scene.send(channel, queue, 'a');
      const first = await collector.next();
      assert.equal(first.redelivered, false);
      await first.reject({ requeue: true });
      const second = await collector.next();
      assert.equal(textOf(second), 'a');
      assert.equal(second.redelivered, true);
      assert.notEqual(second.tag, first.tag);
      await second.ack();
    },
  },
  {
    name: 'a requeued message goes behind what waits, or in front of it [MS-091]',
    requires: requireRequeueControl,
    async run(scene) {
      const channel = await scene.channel();
      const queue = await scene.queue(channel);
      await scene.send(channel, queue, '1', '2', '3');
      await (await scene.fetch(channel, queue)).reject({ requeue: true });
      await (await scene.fetch(channel, queue)).reject({ requeue: true, position: 'front' });
      assert.deepEqual(textsOf(await scene.drain(channel, queue)), ['2', '3', '1']);
    },
  },
  {
    name: 'the return of a message that was not started is not held against it',
    requires: requireRequeueControl,
    async run(scene) {
      const channel = await scene.channel();
      const queue = await scene.queue(channel);
      await scene.send(channel, queue, 'a');
      const first = await scene.fetch(channel, queue);
      await first.reject({ requeue: true, charged: false });
      const second = await scene.fetch(channel, queue);
      assert.equal(second.redelivered, false);
      assert.equal(second.deliveryCount, first.deliveryCount);
      await second.reject({ requeue: true });
      const third = await scene.fetch(channel, queue);
      assert.equal(third.redelivered, true);
      if (first.deliveryCount !== undefined) assert.equal(third.deliveryCount, first.deliveryCount + 1);
      await third.ack();
    },
  },
  {
    name: 'a held message is held until it is settled',
    async run(scene) {
      const channel = await scene.channel();
      const queue = await scene.queue(channel);
      await scene.send(channel, queue, 'a');
      const delivery = await scene.fetch(channel, queue);
      assert.equal(await delivery.isHeld(), true);
      await delivery.ack();
      assert.equal(await delivery.isHeld(), false);
    },
  },
  {
    name: "a held message is nobody else's",
    async run(scene) {
      const channel = await scene.channel();
      const queue = await scene.queue(channel);
      await scene.send(channel, queue, 'a', 'b');
      const held = await scene.fetch(channel, queue);
      assert.deepEqual(textsOf(await scene.drain(await scene.channel(), queue)), ['b']);
      await held.ack();
    },
  },
  {
    name: 'a channel that closes gives back what is unsettled; its deliveries cannot be settled any more [MS-092]',
    async run(scene) {
      const connection = await scene.connection();
      const channel = await connection.openChannel();
      const queue = await scene.queue(channel);
      await scene.send(channel, queue, '1', '2', '3', '4');
      const collector = scene.collector();
      await channel.setPrefetch(3);
      await channel.consume(queue, {}, collector.onDelivery);
      const [first, second] = await collector.take(3);
      await second?.ack();
      await channel.close();
      await channel.close();
      assert.deepEqual(await scene.eventually('the end of the channel', channel.closed), {});
      await assert.rejects(async () => await first?.ack());
      assert.equal(await first?.isHeld(), false);
      const rest = await scene.drain(await connection.openChannel(), queue);
      assert.deepEqual(textsOf(rest).sort(), ['1', '3', '4']);
      if (scene.supports.requeueControl) {
        assert.deepEqual(textsOf(rest), ['1', '3', '4']);
        assert.deepEqual(
          rest.map(({ redelivered }) => redelivered),
          [false, false, false],
        );
      }
    },
  },
  {
    name: 'a connection that closes gives back what is unsettled on all of its channels [MS-015] [MS-092]',
    async run(scene) {
      const connection = await scene.connection();
      const [one, other] = [await connection.openChannel(), await connection.openChannel()];
      const queue = await scene.queue(one);
      await scene.send(one, queue, 'a', 'b', 'c');
      await scene.fetch(one, queue);
      await scene.fetch(other, queue);
      await connection.close();
      await connection.close();
      await scene.eventually('the end of the connection', connection.closed);
      assert.deepEqual(textsOf(await scene.drain(await scene.channel(), queue)).sort(), ['a', 'b', 'c']);
    },
  },
];
