import type { Service } from '../lifecycle/service.js';
import { randomOrder, runInOrder } from './random-order.js';
import type { ServiceCase } from './service-case.js';
import { startCases, stopCases, stormCases } from './start-stop-cases.js';
import { type ServiceConformanceOptions, Trial } from './trial.js';
import { breakDownCases, failingStartCases, occupiedCases } from './trouble-cases.js';

/**
 * The stress kit that every service passes, as plain data for any runner:
 *
 * ```ts
 * for (const { name, run } of serviceConformance(() => new Heartbeat(clock), { clock })) test(name, run);
 * ```
 *
 * @param factory makes a fresh service that can start; called once or more per case.
 */
export function serviceConformance(factory: () => Service, options: ServiceConformanceOptions = {}): ServiceCase[] {
  const fresh = (): Trial => new Trial(factory, options);
  return [
    ...startCases(fresh),
    ...stopCases(fresh),
    ...stormCases(fresh),
    ...occupiedCases(fresh, options),
    ...breakDownCases(fresh, options),
    ...failingStartCases(options),
    ...randomCases(factory, options),
  ];
}

function randomCases(factory: () => Service, options: ServiceConformanceOptions): ServiceCase[] {
  const { orders = 25, firstSeed = 1 } = options;
  return Array.from({ length: orders }, (_, index) => {
    const order = randomOrder(firstSeed + index);
    return { name: `seed ${firstSeed + index}: ${order.join(', ')}`, run: () => runInOrder(order, factory, options) };
  });
}
