import { describeWith } from '@ctq/test-services/vitest';
import { expect, it } from 'vitest';
import { soak } from './soak.js';

describeWith('redis', 'on Redis', (url) => {
  it('loses no task when workers are killed twenty times in the middle of their work', {
    timeout: 180_000,
  }, async () => {
    const { host } = new URL(url);
    process.env['CTQ_BROKER_URL'] = `redis://${host}/10?lease_duration=1s`;
    process.env['CTQ_RESULT_BACKEND'] = `redis://${host}/11`;
    const report = await soak({ tasks: 1_500, kills: 20, workers: 2, concurrency: 10, seed: 7, leaseSeconds: 1 });
    expect(report.lost).toBe(0);
  });
});
