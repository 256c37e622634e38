import type { Delivery } from '@ctq/messaging';
import { silentLogger, systemClock } from '@ctq/runtime';
import { redisDatabase, redisDatabases } from '@ctq/test-services';
import { describeWith } from '@ctq/test-services/vitest';
import { expect, test } from 'vitest';
import { eventually, killClients, lasting, redisScene, textMessage, textOf } from './__fixtures__/redis-scene.js';

const toWork = { exchange: '', routingKey: 'work' };

describeWith('redis', 'Without bookings', (url) => {
  test('[MS-139] what is taken stands nowhere on the server, and goes back in its order when its channel closes', async () => {
    const scene = redisScene(url);
    const channel = await scene.channel({ ackEmulation: false });
    await channel.declareQueue({ ...lasting, name: 'work' });
    for (const text of ['a', 'b', 'c']) await channel.publish(textMessage(text), toWork);
    const taken = [await channel.get('work'), await channel.get('work')];
    expect(taken.map((delivery) => delivery && textOf(delivery))).toEqual(['a', 'b']);
    expect(await scene.keys()).toEqual(['ctq.era', 'ctq.queues', 'work']);
    await channel.close();
    const other = await scene.channel({ ackEmulation: false });
    const again = [await other.get('work'), await other.get('work'), await other.get('work')];
    expect(again.map((delivery) => delivery && [textOf(delivery), delivery.redelivered])).toEqual([
      ['a', false],
      ['b', false],
      ['c', false],
    ]);
    await again[0]?.ack();
    await again[1]?.reject({ requeue: false });
    await again[2]?.reject({ requeue: true });
    const [envelope = ''] = await scene.client.lrange(`${scene.prefix}work`, 0, -1);
    expect(JSON.parse(envelope)).toMatchObject({ headers: { redelivered: true } });
  });

  test('[MS-139] what was held when the connection was lost goes back with the next one of the same process', async () => {
    // The connections to this database are those of this test.
    const database = redisDatabase(url, 'unbooked');
    const scene = redisScene(database);
    const transport = scene.transport({ ackEmulation: false });
    const open = () => transport.connect({ clock: systemClock, logger: silentLogger }, AbortSignal.timeout(10_000));
    const connection = await open();
    const channel = await connection.openChannel();
    await channel.publish(textMessage('a'), toWork);
    await channel.publish(textMessage('b'), toWork);
    const got: Delivery[] = [];
    await channel.consume('work', {}, (delivery) => got.push(delivery));
    await eventually(async () => got.length === 2);
    await killClients(url, redisDatabases.unbooked);
    await connection.closed;
    await got[0]?.ack().catch(() => undefined);
    const next = await open();
    const again = await next.openChannel();
    const deliveries = [await again.get('work'), await again.get('work')];
    expect(deliveries.map((delivery) => delivery && [textOf(delivery), delivery.redelivered])).toEqual([
      ['a', true],
      ['b', true],
    ]);
    await next.close();
  });
});
