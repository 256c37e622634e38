import { systemClock, VirtualClock } from '@ctq/runtime';
import { type ServiceCase, serviceConformance } from '@ctq/runtime/conformance';
import type { Pool, PoolFactory } from '../pool.js';
import { isolationCases } from './isolation-cases.js';
import { limitCases } from './limit-cases.js';
import { outcomeCases } from './outcome-cases.js';
import { poolContext } from './pool-trial.js';
import { stopCases } from './stop-cases.js';

/** One rule of the {@link Pool} contract; `run` rejects with an `AssertionError` when the pool breaks it. */
export type PoolCase = ServiceCase;

export interface PoolConformanceOptions {
  /** Makes the pool under test, with the size that the context says or with one of its own. */
  readonly create: PoolFactory;
}

/**
 * The kit that every pool passes, as plain data for any runner:
 *
 * ```ts
 * for (const { name, run } of poolConformance({ create: asyncPool })) test(name, run);
 * ```
 */
export function poolConformance({ create }: PoolConformanceOptions): readonly PoolCase[] {
  const clock = new VirtualClock();
  const { supports } = create(poolContext(clock));
  // Threads and processes take the time that they take, and each start of theirs takes some.
  const time = supports.isolation ? { orders: 6 } : { clock };
  const fresh = (): Pool => create(poolContext(supports.isolation ? systemClock : clock));
  return [
    ...outcomeCases(create),
    ...limitCases(create),
    ...stopCases(create),
    ...(supports.terminate ? isolationCases(create) : []),
    ...serviceConformance(fresh, time).map(({ name, run }) => ({ name: `as a service: ${name}`, run })),
  ];
}
