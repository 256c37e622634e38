import { redisDatabase } from '@ctq/test-services';
import { describeWith } from '@ctq/test-services/vitest';
import { expect, it } from 'vitest';
import { soak } from './soak.js';

const options = { tasks: 600, kills: 8, workers: 2, concurrency: 2, seed: 11, leaseSeconds: 1 };

// One after the other: the program under test takes its broker from the environment.
describeWith('redis', 'Workers with threads and processes', (url) => {
  it('lose no task on Redis when they, and their processes, are killed in the middle of their work [WK-065]', {
    timeout: 180_000,
  }, async () => {
    process.env['CTQ_BROKER_URL'] = `${redisDatabase(url, 'soakPools')}?lease_duration=1s`;
    process.env['CTQ_RESULT_BACKEND'] = redisDatabase(url, 'soakPoolResults');
    const report = await soak({ ...options, pool: 'processes' });
    expect(report.lost).toBe(0);
  });
});
