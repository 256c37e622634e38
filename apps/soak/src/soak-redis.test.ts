import { redisDatabase } from '@ctq/test-services';
import { describeWith } from '@ctq/test-services/vitest';
import { expect, it } from 'vitest';
import { soak } from './soak.js';

describeWith('redis', 'on Redis', (url) => {
  it('loses no task when workers are killed twenty times in the middle of their work', {
    timeout: 180_000,
  }, async () => {
    process.env['CTQ_BROKER_URL'] = `${redisDatabase(url, 'soakQueues')}?lease_duration=1s`;
    process.env['CTQ_RESULT_BACKEND'] = redisDatabase(url, 'soakResults');
    const report = await soak({
      tasks: 1_500,
      kills: 20,
      workers: 2,
      concurrency: 10,
      pool: 'async',
      seed: 7,
      leaseSeconds: 1,
    });
    expect(report.lost).toBe(0);
  });
});
