import assert from 'node:assert/strict';
import { toError } from '../errors/to-error.js';
import type { Service } from '../lifecycle/service.js';
import { type Attempt, type ServiceConformanceOptions, Trial } from './trial.js';
import { turns } from './turns.js';

const steps = ['start', 'stop', 'stop soon', 'stop now', 'abort', 'turn', 'turn', 'a second', 'until ready'] as const;
type Step = (typeof steps)[number];

/** The same order for the same seed: a failing case is repeated by its name. */
export function randomOrder(seed: number): readonly Step[] {
  const random = seededRandom(seed);
  const pick = (below: number): number => Math.floor(random() * below);
  // Not every order has every step in it: with stops everywhere, nothing else would ever get far.
  const chosen = steps.filter(() => random() < 0.5);
  const order = Array.from({ length: 3 + pick(8) }, () => chosen[pick(chosen.length)] ?? 'turn');
  order.splice(pick(Math.min(3, order.length)), 0, 'start');
  return order;
}

/** Calls in a given order, none of them awaited unless the order says so, and then the rules that hold for every order. */
export async function runInOrder(
  order: readonly Step[],
  factory: () => Service,
  options: ServiceConformanceOptions,
): Promise<void> {
  const trial = new Trial(factory, options);
  const controller = new AbortController();
  const reason = new Error('The storm aborted the start.');
  const stops: Attempt[] = [];
  let first: Attempt | undefined;
  let mayReject = false;
  let hasToGiveUp: Promise<boolean> | undefined;
  const refused: Attempt[] = [];

  for (const step of order) {
    switch (step) {
      case 'start':
        if (stops.length > 0 || (first === undefined && controller.signal.aborted))
          refused.push(trial.start(controller.signal));
        else first ??= trial.start(controller.signal);
        break;
      case 'stop':
        stops.push(trial.stop());
        break;
      case 'stop soon':
        stops.push(trial.stop(trial.soon()));
        break;
      case 'stop now':
        stops.push(trial.stop(trial.passed()));
        break;
      case 'abort':
        controller.abort(reason);
        break;
      case 'turn':
        await turns(1);
        break;
      case 'a second':
        await trial.elapse(1_000);
        break;
      case 'until ready':
        if (first !== undefined) await trial.ends(first);
        break;
    }
    mayReject ||= stops.length > 0 || controller.signal.aborted;
    if (mayReject && first !== undefined) hasToGiveUp ??= trial.hasToGiveUp(first);
    if (first?.state === 'rejected' && !mayReject) {
      assert.fail(`start rejected and nobody had asked it to give up: ${toError(first.reason).message}`);
    }
  }

  for (const stop of stops) await trial.resolves(stop);
  for (const start of refused) await trial.rejects(start);
  if (first !== undefined) {
    // It was not asked to give up: it becomes ready.
    if (hasToGiveUp === undefined) await trial.resolves(first);
    else if (await hasToGiveUp) await trial.gaveUp(first);
    await trial.ends(first);
    if (first.state === 'rejected' && stops.length === 0) await trial.rejectsWith(first, reason);
  }
  await trial.hasNotFailed();
  await trial.finish();
}

/** mulberry32: 32 bits of state are plenty for orders of calls. */
function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
