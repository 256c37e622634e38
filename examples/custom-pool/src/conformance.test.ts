import { poolConformance } from '@ctq/worker/pool';
import { describe, test } from 'vitest';
import { orderedPool } from './ordered-pool.js';

describe('The ordered pool', () => {
  for (const { name, run } of poolConformance({ create: orderedPool(({ id }) => id) })) test(name, run);
});

describe('The ordered pool, of tasks without a key', () => {
  for (const { name, run } of poolConformance({ create: orderedPool(() => undefined) })) test(name, run);
});
