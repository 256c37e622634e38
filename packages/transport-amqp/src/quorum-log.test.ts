import { describeWith } from '@ctq/test-services/vitest';
import { type ChannelModel, connect } from 'amqplib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { QuorumLog } from './quorum-log.js';
import { ServerVersion } from './server-version.js';

describeWith('amqp', 'The log of a quorum queue', (url) => {
  let model: ChannelModel;
  beforeAll(async () => {
    model = await connect(url);
  });
  afterAll(() => model.close());

  test.each([
    ['RabbitMQ', '3.10.8', 'is'],
    ['RabbitMQ', '3.13.7', 'is'],
    // They would give it messages.
    ['RabbitMQ', '3.8.34', 'is not'],
    ['RabbitMQ', '4.0.0', 'is not'],
    ['RabbitMQ', undefined, 'is not'],
    ['LavinMQ', '3.10.8', 'is not'],
  ])('of %s %s %s reached by a consumer that may be given nothing', async (product, version, outcome) => {
    const channel = await model.createChannel();
    let refusal: Error | undefined;
    channel.on('error', (error) => {
      refusal = error;
    });
    // Of a queue that is not there, so that the broker says whether it was asked.
    const log = new QuorumLog(`none-${crypto.randomUUID()}`, new ServerVersion({ product, version }));
    await log.reach(channel, undefined).catch(() => undefined);
    expect(refusal === undefined ? 'is not' : 'is').toBe(outcome);
  });
});
