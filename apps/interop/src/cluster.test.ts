import { deferred } from '@ctq/runtime';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MixedFleet } from './mixed-fleet.js';
import { describeOverBrokers } from './places.js';
import { makingPythonMs } from './python/environment.js';

describeOverBrokers(
  'A cluster of workers of both languages',
  { redis: 'interopCluster', amqp: 'interopCluster' },
  (place) => {
    const fleet = new MixedFleet(place, { worker_enable_remote_control: true });
    const joined = deferred<string>();
    fleet.app.signals.nodeJoin.connect(({ sender }) => joined.resolve(sender));

    beforeAll(() => fleet.start(), makingPythonMs);
    afterAll(() => fleet.stop(), 30_000);

    describe('of which one hears of the other', () => {
      test('knows who has joined [WK-028, WK-135]', async () => {
        expect(await joined.promise).toMatch(/^python-/);
      });

      test('answers when another one starts [WK-023, RC-017]', async () => {
        const replies = await fleet.app.control.ask('hello', { from_node: 'w9@interop', revoked: {} }, { limit: 2 });
        expect(replies.map(({ value }) => Object.keys(value as object).sort())).toEqual([
          ['clock', 'revoked'],
          ['clock', 'revoked'],
        ]);
      });
    });
  },
);
