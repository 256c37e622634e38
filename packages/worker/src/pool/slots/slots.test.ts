// As a package: the programs of threads and processes are the built ones.
import { type Pool, type PoolContext, poolConformance, processPool, threadPool } from '@ctq/worker/pool';
import { describe, test } from 'vitest';

/** Two of each: every slot loads the application. */
const small = (create: (context: PoolContext) => Pool) => (context: PoolContext) =>
  create({ ...context, size: Math.min(context.size ?? 2, 2) });

describe('The pool of threads', () => {
  for (const { name, run } of poolConformance({ create: small(threadPool) })) test(name, run);
});

describe('The pool of processes', () => {
  for (const { name, run } of poolConformance({ create: small(processPool) })) test(name, run);
});
