import { amqpVhost, redisDatabase } from '@ctq/test-services';
import { describeWith } from '@ctq/test-services/vitest';
import { killFamily } from './kill-family.js';
import { privateRabbitmqPlace, rabbitmqPlace } from './place.js';

describeWith('amqp', 'A worker', (rabbit) => {
  describeWith('redis', 'with results in Redis', (redis) => {
    killFamily({
      store: 'RabbitMQ',
      open: () => rabbitmqPlace(amqpVhost(rabbit, 'soakKills'), redisDatabase(redis, 'soakKillResults')),
      openWithBroker: privateRabbitmqPlace,
      // A start takes five seconds, and more where the machine is busy. Tasks in the process that the connection is in, and in others: no pool has a third way.
      brokerPools: ['async', 'processes'],
    });
  });
});
