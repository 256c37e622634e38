import { describeWith } from '@ctq/test-services/vitest';
import { expect, onTestFinished, test } from 'vitest';
import { eventually, lasting, redisScene, textMessage, textOf } from './__fixtures__/redis-scene.js';

describeWith('redis', 'Bodies', (url) => {
  test('[MS-088] stand in their envelopes as base64, or as the text that they are, and are read either way', async () => {
    const scene = redisScene(url);
    const [plain, encoded] = [await scene.channel({ bodyEncoding: 'utf-8' }), await scene.channel()];
    const route = { exchange: '', routingKey: 'work' };
    await encoded.publish(textMessage('"ä"'), route);
    await plain.publish(textMessage('"ä"'), route);
    await plain.publish({ ...textMessage(''), body: new Uint8Array([0xff]) }, route);
    const envelopes = (await scene.client.lrange(`${scene.prefix}work`, 0, -1)).reverse();
    const read = envelopes.map((text) => {
      const { body, properties } = JSON.parse(text) as { body: string; properties: { body_encoding: string } };
      return [body, properties.body_encoding];
    });
    expect(read).toEqual([
      ['IsOkIg==', 'base64'],
      ['"ä"', 'utf-8'],
      ['/w==', 'base64'],
    ]);
    const got = [await plain.get('work'), await encoded.get('work')];
    expect(got.map((delivery) => delivery && textOf(delivery))).toEqual(['"ä"', '"ä"']);
  });

  test('[MS-088] of broadcasts too', async () => {
    const scene = redisScene(url);
    const listener = scene.client.duplicate();
    onTestFinished(() => listener.disconnect());
    const seen: string[] = [];
    listener.on('pmessage', (_pattern: string, _channel: string, text: string) => seen.push(text));
    await listener.psubscribe(`${scene.prefix}*`);
    const channel = await scene.channel({ bodyEncoding: 'utf-8' });
    await channel.declareExchange({ name: 'all', type: 'fanout', durable: false, autoDelete: false });
    await channel.publish(textMessage('hello'), { exchange: 'all', routingKey: '' });
    await eventually(async () => seen.length === 1);
    expect(JSON.parse(seen[0] ?? '')).toMatchObject({ body: 'hello' });
  });

  test('[MS-082] of what no binding leads anywhere go to the dead letter queue where there is one', async () => {
    const scene = redisScene(url);
    const channel = await scene.channel({ deadletterQueue: 'dead' });
    await channel.declareQueue({ ...lasting, name: 'work' });
    await channel.publish(textMessage('a'), { exchange: 'unknown', routingKey: 'x' });
    const delivery = await channel.get('dead');
    expect(delivery && textOf(delivery)).toBe('a');
  });
});
