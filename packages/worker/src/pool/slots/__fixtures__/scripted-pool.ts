import type { Execution, Outcome } from '@ctq/core';
import type { VirtualClock } from '@ctq/runtime';
import { PoolTrial } from '../../conformance/pool-trial.js';
import type { PoolContext, TimeLimits } from '../../pool.js';
import { SlotPool } from '../slot-pool.js';
import { type ScriptedHost, ScriptedHosts } from './scripted-hosts.js';

const unlimited: TimeLimits = { softMs: undefined, hardMs: undefined };

export const poolOf =
  (hosts: ScriptedHosts) =>
  (context: PoolContext): SlotPool =>
    new SlotPool('scripted', context.size ?? 1, hosts.start, context);

export interface Begun {
  readonly execution: Execution;
  readonly outcome: Promise<Outcome>;
}

export interface ScriptedPool {
  readonly hosts: ScriptedHosts;
  readonly trial: PoolTrial;
  readonly pool: SlotPool;
  readonly clock: VirtualClock;
  begin(task?: string, limits?: TimeLimits): Begun;
}

/** A started pool whose slots do what the test says. */
export async function scriptedPool(size: number, changes: Partial<PoolContext> = {}): Promise<ScriptedPool> {
  const hosts = new ScriptedHosts();
  const trial = await PoolTrial.started(poolOf(hosts), { size, ...changes });
  const begin = (task = 'kit.returns', limits = unlimited): Begun => {
    const execution = trial.execution(task);
    return { execution, outcome: trial.pool.run(execution, limits) };
  };
  return { hosts, trial, pool: trial.pool as SlotPool, clock: trial.clock, begin };
}

/** Lets everything happen that needs no time. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export function nth({ all }: ScriptedHosts, count: number): ScriptedHost {
  const host = all[count - 1];
  if (host === undefined) throw new Error(`There is no slot ${count} yet.`);
  return host;
}
