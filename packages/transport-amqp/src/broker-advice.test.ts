import { createLogger, type LogRecord } from '@ctq/runtime';
import { describe, expect, test } from 'vitest';
import { BrokerAdvice } from './broker-advice.js';
import { ServerVersion } from './server-version.js';

function advice(version: string, given: Readonly<Record<string, unknown>> = {}) {
  const lines: LogRecord[] = [];
  const adviser = new BrokerAdvice(
    new ServerVersion({ product: 'RabbitMQ', version }),
    createLogger((line) => lines.push(line)),
  );
  adviser.consuming({ name: 'a.b', arguments: given });
  adviser.consuming({ name: 'a.b', arguments: given });
  return { adviser, said: lines.map(({ level, message }) => `${level}: ${message}`) };
}

describe('A worker that begins to consume', () => {
  test('says, once, for how long the server lets it hold a message, and how to change that', () => {
    expect(advice('3.10.8').said).toEqual([
      expect.stringMatching(/^info: .*'a\.b'.*consumer_timeout.*rabbitmqctl eval 'application:set_env/),
    ]);
    expect(advice('4.1.0').said[0]).toContain(
      String.raw`rabbitmqctl set_policy --apply-to queues ctq-time '^a\.b$' '{"consumer-timeout": 86400000}'`,
    );
  });

  test('warns where a quorum queue drops what was delivered too often', () => {
    const quorum = { 'x-queue-type': 'quorum', 'x-consumer-timeout': 1 };
    expect(advice('4.0.0', quorum).said).toEqual([
      expect.stringMatching(/^warn: .*20 times.*ctq-deliveries .*"delivery-limit": -1/),
    ]);
    expect(advice('3.13.7', quorum).said).toEqual([]);
    expect(advice('4.0.0', { ...quorum, 'x-delivery-limit': 50 }).said).toEqual([]);
  });

  test('says nothing of servers that have no such limits, or do not tell what they are', () => {
    expect(advice('3.8.9').said).toEqual([]);
    expect(advice('').said).toEqual([]);
  });

  test('knows the broker by what it says when it has taken messages back', () => {
    const { adviser } = advice('3.10.8');
    const said = 'delivery acknowledgement on channel 2 timed out. Timeout value used: 10000 ms. This timeout';
    expect(adviser.consumerTimeout(new Error(said), 'a')).toMatchObject({ code: 'CTQ_CONSUMER_TIMEOUT' });
    expect(adviser.consumerTimeout(new Error(said), 'a')?.message).toContain('of 10000 ms');
    expect(adviser.consumerTimeout(new Error('no queue'), 'a')).toBeUndefined();
  });
});
