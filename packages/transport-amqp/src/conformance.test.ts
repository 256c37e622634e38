import { transportConformance } from '@ctq/messaging/conformance';
import { describeWith } from '@ctq/test-services/vitest';
import { test } from 'vitest';
import { amqp } from './amqp-transport.js';

describeWith('amqp', 'the RabbitMQ transport', (url) => {
  for (const { name, isSupported, run } of transportConformance({ create: () => amqp({ url }) }))
    test.skipIf(!isSupported)(name, run);
});
