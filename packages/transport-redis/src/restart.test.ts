import { openConnection, queue } from '@ctq/messaging';
import { type Clock, systemClock, type Timer } from '@ctq/runtime';
import { redisDatabase, redisDatabases } from '@ctq/test-services';
import { describeWith } from '@ctq/test-services/vitest';
import { expect, test } from 'vitest';
import { eventually, killClients, redisScene, textMessage, textOf } from './__fixtures__/redis-scene.js';

/** The host's clock, and how many timers are set on it. */
function countingClock(): Clock & { readonly pending: () => number } {
  const pending = new Set<Timer>();
  return {
    now: () => systemClock.now(),
    monotonic: () => systemClock.monotonic(),
    async sleep(ms, signal) {
      const counted: Timer = { cancel: () => undefined };
      pending.add(counted);
      await systemClock.sleep(ms, signal).finally(() => pending.delete(counted));
    },
    setTimer(onTime, ms, options) {
      const timer = systemClock.setTimer(
        () => {
          pending.delete(counted);
          onTime();
        },
        ms,
        options,
      );
      const counted: Timer = {
        cancel: () => {
          pending.delete(counted);
          timer.cancel();
        },
      };
      pending.add(counted);
      return counted;
    },
    pending: () => pending.size,
  };
}

describeWith('redis', 'A consumer', (url) => {
  test('[MS-154] goes on after each of its connections was lost, and leaves no timer of theirs behind', async () => {
    // The connections to this database are those of this test.
    const database = redisDatabase(url, 'transportRestart');
    const scene = redisScene(database);
    const clock = countingClock();
    const connection = openConnection({ transport: scene.transport(), clock, retry: { firstMs: 10 } });
    const got: string[] = [];
    let resumed = 0;
    const consumer = connection.consume({
      queues: [queue('work', { routingKey: 'work' })],
      onDelivery: (delivery) => {
        got.push(textOf(delivery));
        void delivery.ack();
      },
      onResumed: () => (resumed += 1),
    });
    await consumer.start(AbortSignal.timeout(10_000));
    const timers: number[] = [];
    for (let round = 1; round <= 4; round += 1) {
      await connection.producer.publish(textMessage(`message ${round}`), { exchange: '', routingKey: 'work' });
      await eventually(async () => got.length === round);
      timers.push(clock.pending());
      await killClients(url, redisDatabases.transportRestart);
      await eventually(async () => resumed === round);
    }
    expect(got).toEqual(['message 1', 'message 2', 'message 3', 'message 4']);
    await connection.close();
    // The poll, the lease and what waits: about as many each time, and not one more with each.
    expect(Math.max(...timers)).toBeLessThan((timers[0] ?? 0) + timers.length - 1);
    // What closing itself waits for is over in half a second.
    await eventually(async () => clock.pending() === 0);
  }, 20_000);
});
