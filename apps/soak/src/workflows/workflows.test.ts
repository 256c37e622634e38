import { memoryBackend } from '@ctq/core/backend';
import { memoryTransport } from '@ctq/messaging';
import { describeWith } from '@ctq/test-services/vitest';
import { describe, expect, test } from 'vitest';
import { rabbitmqPlace, redisPlace, sqlitePlace } from '../place.js';
import { checkWorkflows } from './check-workflows.js';

const seed = 20_261_122;
const limit = { timeout: 120_000 };

const cases = [
  ['come to what their parts come to, each part once', false],
  ['come to the same, under the same ids, when messages are delivered twice', true],
] as const;

describe('Workflows of any shape', () => {
  test.each(cases)('%s: in memory', limit, async (_title, isDoubled) => {
    const memory = { broker: memoryTransport(), backend: memoryBackend() };
    expect(await checkWorkflows({ ...memory, seed, count: 100, isDoubled })).toEqual([]);
  });

  test.each(cases)('%s: in an SQLite file', limit, async (_title, isDoubled) => {
    await using place = await sqlitePlace();
    expect(await checkWorkflows({ ...place, seed, count: 40, isDoubled })).toEqual([]);
  });

  describeWith('redis', 'in Redis', (url) => {
    test.each(cases)('%s', limit, async (_title, isDoubled) => {
      await using place = redisPlace(url);
      expect(await checkWorkflows({ ...place, seed, count: 60, isDoubled })).toEqual([]);
    });

    describeWith('amqp', 'and in RabbitMQ', (rabbit) => {
      test.each(cases)('%s', limit, async (_title, isDoubled) => {
        await using place = rabbitmqPlace(rabbit, url);
        expect(await checkWorkflows({ ...place, seed, count: 60, isDoubled })).toEqual([]);
      });
    });
  });
});
