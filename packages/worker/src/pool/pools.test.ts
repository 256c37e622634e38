import { VirtualClock } from '@ctq/runtime';
import { describe, expect, test } from 'vitest';
import { asyncPool } from './async-pool.js';
import { poolConformance } from './conformance/pool-conformance.js';
import { poolContext } from './conformance/pool-trial.js';
import { poolNamed } from './create-pool.js';
import { soloPool } from './solo-pool.js';

describe('The async pool', () => {
  for (const { name, run } of poolConformance({ create: asyncPool })) test(name, run);

  test('runs a hundred tasks at a time unless told otherwise', () => {
    expect(asyncPool({ ...poolContext(new VirtualClock()), size: undefined }).size).toBe(100);
  });
});

describe('The solo pool', () => {
  for (const { name, run } of poolConformance({ create: soloPool })) test(name, run);

  test('runs one task at a time, whatever the concurrency [WK-067]', () => {
    expect(soloPool({ ...poolContext(new VirtualClock()), size: 8 }).size).toBe(1);
  });
});

describe('Pools by name', () => {
  test("Celery's pools of green threads are async", () => {
    for (const name of ['async', 'eventlet', 'gevent'])
      expect(poolNamed(name)(poolContext(new VirtualClock()))).toMatchObject({ name: 'async' });
  });

  test("Celery's prefork is processes", () => {
    for (const name of ['processes', 'prefork'])
      expect(poolNamed(name)(poolContext(new VirtualClock()))).toMatchObject({ name: 'processes' });
  });

  test('one that is not there is an error that names those that are', () => {
    expect(() => poolNamed('fibers')).toThrow(/no pool 'fibers'.*async or solo or threads or processes/s);
    expect(() => poolNamed('constructor')).toThrow(/no pool 'constructor'/);
  });
});
