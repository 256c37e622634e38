import { expect, it } from 'vitest';
import { soak } from './soak.js';

it('loses no task when workers are killed twenty times in the middle of their work', { timeout: 180_000 }, async () => {
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
