import assert from 'node:assert/strict';
import { textMessage, textsOf } from '../messages.js';
import type { TransportCase, TransportRequirement } from './case.js';

const requireRestart: TransportRequirement = {
  what: "durability 'broker-restart'",
  isMet: ({ durability }) => durability === 'broker-restart',
};

export function connectionLossCases(restart: () => Promise<void>): readonly TransportCase[] {
  return [
    {
      name: 'a lost connection ends with a reason, and so does all that was on it',
      async run(scene) {
        const connection = await scene.connection();
        const channel = await connection.openChannel();
        const queue = await scene.queue(channel);
        const subscription = await channel.consume(queue, {}, () => undefined);
        await restart();
        const reason = await scene.eventually('the end of the connection', connection.closed);
        assert.ok(reason.error instanceof Error);
        await scene.eventually('the end of the channel', channel.closed);
        await scene.eventually('the end of the subscription', subscription.ended);
        await assert.rejects(channel.publish(textMessage('a'), { exchange: '', routingKey: queue }));
        await connection.close();
      },
    },
    {
      name: 'what was accepted before the connection was lost is there after it',
      requires: requireRestart,
      async run(scene) {
        const channel = await scene.channel();
        const queue = await scene.queue(channel);
        const texts = Array.from({ length: 100 }, (_, index) => String(index));
        await scene.send(channel, queue, ...texts);
        await restart();
        assert.deepEqual(textsOf(await scene.drain(await scene.channel(), queue)), texts);
      },
    },
  ];
}
