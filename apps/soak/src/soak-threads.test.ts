import { expect, it } from 'vitest';
import { soak } from './soak.js';

it('loses no task over SQLite when workers with threads are killed in the middle of their work', {
  timeout: 180_000,
}, async () => {
  const report = await soak({
    ...{ tasks: 600, kills: 8, workers: 2, concurrency: 2, seed: 11, leaseSeconds: 1 },
    pool: 'threads',
  });
  expect(report.lost).toBe(0);
});
