import assert from 'node:assert/strict';
import { ChannelClosedError } from '../../errors.js';
import { textMessage, textOf, textsOf } from '../messages.js';
import type { TransportCase } from './case.js';

const isChannelClosed = (error: unknown): boolean => ChannelClosedError.isInstance(error);

export const lifecycleCases: readonly TransportCase[] = [
  {
    name: 'connecting under an aborted signal rejects with its reason',
    async run(scene) {
      const reason = new Error('changed my mind');
      await assert.rejects(scene.connection(AbortSignal.abort(reason)), (error) => error === reason);
    },
  },
  {
    name: 'two connections see the same queues',
    async run(scene) {
      const [one, other] = [await scene.channel(), await scene.channel()];
      const queue = await scene.queue(one);
      await scene.send(one, queue, 'a');
      const delivery = await scene.fetch(other, queue);
      assert.equal(textOf(delivery), 'a');
      await delivery.ack();
    },
  },
  {
    name: 'closing one channel leaves the others open [MS-015]',
    async run(scene) {
      const connection = await scene.connection();
      const [one, other] = [await connection.openChannel(), await connection.openChannel()];
      const queue = await scene.queue(other);
      await one.close();
      await scene.send(other, queue, 'a');
      assert.deepEqual(textsOf(await scene.drain(other, queue)), ['a']);
    },
  },
  {
    name: 'a publish that was made before the close is not lost by it',
    async run(scene) {
      const connection = await scene.connection();
      const channel = await connection.openChannel();
      const queue = await scene.queue(channel);
      const publishing = channel.publish(textMessage('a'), { exchange: '', routingKey: queue });
      await connection.close();
      await publishing;
      assert.deepEqual(textsOf(await scene.drain(await scene.channel(), queue)), ['a']);
    },
  },
  {
    name: 'an acknowledgement that was made before the close is not lost by it',
    async run(scene) {
      const connection = await scene.connection();
      const channel = await connection.openChannel();
      const queue = await scene.queue(channel);
      await scene.send(channel, queue, 'a');
      const acking = (await scene.fetch(channel, queue)).ack();
      await connection.close();
      await acking;
      assert.deepEqual(textsOf(await scene.drain(await scene.channel(), queue)), []);
    },
  },
  {
    name: 'what is closed refuses work instead of leaving it undone',
    async run(scene) {
      const connection = await scene.connection();
      const [channel, other] = [await connection.openChannel(), await connection.openChannel()];
      const queue = await scene.queue(channel);
      await channel.close();
      const route = { exchange: '', routingKey: queue };
      await assert.rejects(channel.publish(textMessage('a'), route), isChannelClosed);
      await assert.rejects(channel.get(queue), isChannelClosed);
      await assert.rejects(
        channel.consume(queue, {}, () => undefined),
        isChannelClosed,
      );
      await assert.rejects(channel.purgeQueue(queue), isChannelClosed);
      await connection.close();
      await scene.eventually('the end of the other channel', other.closed);
      await assert.rejects(other.publish(textMessage('a'), route), isChannelClosed);
      await assert.rejects(connection.openChannel());
    },
  },
  {
    name: 'subscriptions end with their channel',
    async run(scene) {
      const channel = await scene.channel();
      const queue = await scene.queue(channel);
      const subscription = await channel.consume(queue, {}, () => undefined);
      await channel.close();
      await scene.eventually('the end of the subscription', subscription.ended);
      await subscription.cancel();
    },
  },
];
