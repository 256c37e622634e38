import { amqpVhost, redisDatabase } from '@ctq/test-services';
import { describeWith } from '@ctq/test-services/vitest';
import { killFamily } from './kill-family.js';
import { rabbitmqPlace } from './place.js';

describeWith('amqp', 'A worker', (rabbit) => {
  describeWith('redis', 'with results in Redis', (redis) => {
    killFamily({
      store: 'RabbitMQ',
      open: () => rabbitmqPlace(amqpVhost(rabbit, 'soakKills'), redisDatabase(redis, 'soakKillResults')),
    });
  });
});
