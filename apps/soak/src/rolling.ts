import type { SoakOptions } from './soak.js';

/** A deployment: every worker is told to leave, and a new one takes its place. The lease is far longer than anything here takes. */
export const rolling: SoakOptions = {
  tasks: 1_000,
  kills: 8,
  workers: 2,
  concurrency: 10,
  pool: 'async',
  seed: 11,
  leaseSeconds: 60,
  signal: 'SIGTERM',
};
