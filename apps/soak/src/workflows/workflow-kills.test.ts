import { describeWith } from '@ctq/test-services/vitest';
import { describe, it } from 'vitest';
import { type Place, redisPlace, sqlitePlace } from '../place.js';
import { workflowOrdeal } from './workflow-ordeal.js';

const options = {
  seed: 20_261_122,
  count: 24,
  atOnce: 24,
  kills: 3,
  workers: [
    ['async', 8],
    ['processes', 2],
  ],
} as const;

function suite(open: () => Place | Promise<Place>): void {
  it.concurrent('come to what their parts come to, each part as one task, when workers and slots are killed all the time', {
    timeout: 180_000,
  }, async ({ expect }) => {
    await using place = await open();
    const { wrong, kills } = await workflowOrdeal(options, place);
    expect(wrong).toEqual([]);
    expect(kills).toEqual({ worker: 2, slot: 1 });
  });
}

describe('Workflows of any shape, in an SQLite file', () => {
  suite(() => sqlitePlace('1s'));
});

describeWith('redis', 'Workflows of any shape, in Redis', (url) => {
  suite(() => redisPlace(url, '1s'));
});
