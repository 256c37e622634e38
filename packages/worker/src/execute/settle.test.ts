import { Ignore, type Outcome, Reject, Retry } from '@ctq/core';
import { memoryTransport, openConnection } from '@ctq/messaging';
import { createLogger, type LogRecord } from '@ctq/runtime';
import { describe, expect, test } from 'vitest';
import { giveBack, settle, settlementOf } from './settle.js';
import type { TaskPolicy } from './task-policy.js';

const policy: TaskPolicy = {
  acksLate: true,
  acksOnFailure: true,
  acksOnTimeout: true,
  rejectsOnWorkerLost: true,
  maxCrashes: 3,
  tracksStarted: false,
  limits: { softMs: undefined, hardMs: undefined },
  reprMaxSize: 1_024,
};
const failure = (reason: 'thrown' | 'timeout' | 'worker-lost' | 'encoding'): Outcome => ({
  kind: 'failure',
  error: new Error('x'),
  reason,
  runtimeMs: 1,
});

describe('What becomes of a message', () => {
  test.each<[string, Outcome, Partial<TaskPolicy>, string]>([
    ['success: acknowledged [TR-216]', { kind: 'success', value: 1, runtimeMs: 1 }, {}, 'ack'],
    ['retry: acknowledged [TR-216]', { kind: 'retry', retry: new Retry({}), runtimeMs: 1 }, {}, 'ack'],
    ['ignore: acknowledged [TR-216]', { kind: 'ignore', ignore: new Ignore(), runtimeMs: 1 }, {}, 'ack'],
    ['failure: acknowledged [TR-217]', failure('thrown'), {}, 'ack'],
    ['failure, acksOnFailure off: dropped [TR-217]', failure('thrown'), { acksOnFailure: false }, 'drop'],
    ['unstorable result: as any failure', failure('encoding'), { acksOnFailure: false }, 'drop'],
    ['timeout: acknowledged [TR-218]', failure('timeout'), { acksOnFailure: false }, 'ack'],
    ['timeout, acksOnTimeout off: requeued [TR-218]', failure('timeout'), { acksOnTimeout: false }, 'requeue'],
    ['worker lost: requeued [TR-219]', failure('worker-lost'), {}, 'requeue'],
    [
      'worker lost, rejectOnWorkerLost off: acknowledged [TR-219]',
      failure('worker-lost'),
      { rejectsOnWorkerLost: false },
      'ack',
    ],
    ['reject: dropped [TR-220]', { kind: 'reject', reject: new Reject('no'), runtimeMs: 1 }, {}, 'drop'],
    [
      'reject with requeue: requeued [TR-220]',
      { kind: 'reject', reject: new Reject('no', { requeue: true }), runtimeMs: 1 },
      {},
      'requeue',
    ],
  ])('after %s', (_, outcome, more, expected) => {
    expect(settlementOf(outcome, { ...policy, ...more })).toBe(expected);
  });
});

describe('A settlement that fails', () => {
  test.each(['ack', 'drop', 'requeue', 'give back'] as const)(
    'is logged, not thrown: %s [TR-229, MS-071]',
    async (kind) => {
      const lines: LogRecord[] = [];
      const logger = createLogger((record) => lines.push(record));
      const connection = openConnection({ transport: memoryTransport() });
      const channel = await connection.openChannel();
      const message = {
        body: new Uint8Array(),
        contentType: 'application/json',
        contentEncoding: 'utf-8',
        headers: {},
        properties: { correlationId: 'id-1' },
      };
      await channel.publish(message, { exchange: '', routingKey: 'q' });
      const delivery = await channel.get('q');
      await connection.close();
      if (delivery === undefined) throw new Error('There was no message.');
      await (kind === 'give back' ? giveBack(delivery, logger) : settle(delivery, kind, logger));
      expect(lines).toMatchObject([
        {
          level: 'error',
          message: "Couldn't settle a message; it is delivered again",
          fields: { queue: 'q', taskId: 'id-1', err: { code: 'CTQ_CHANNEL_CLOSED' } },
        },
      ]);
    },
  );
});
