import assert from 'node:assert/strict';
import { interruptions, type ServiceCase } from './service-case.js';
import type { Trial } from './trial.js';
import { turns } from './turns.js';

/** What holds for every start. */
export function startCases(fresh: () => Trial): ServiceCase[] {
  const reason = new Error('The kit aborted the start.');
  return [
    {
      name: 'start makes it ready, and stop leaves nothing behind',
      run: async () => {
        const trial = fresh();
        await trial.running();
        await trial.hasNotFailed();
        await trial.resolves(trial.stop());
        await trial.hasNotFailed();
        await trial.finish();
      },
    },
    {
      name: 'a start with an aborted signal is refused with the reason, and leaves nothing behind',
      run: async () => {
        const trial = fresh();
        await trial.rejectsWith(trial.start(AbortSignal.abort(reason)), reason);
        await trial.isGone();
        await trial.hasNotFailed();
        await trial.finish();
      },
    },
    {
      name: 'a start that is aborted gives up with the reason and cleans up, without a stop',
      run: async () => {
        for (const count of interruptions) {
          const trial = fresh();
          const controller = new AbortController();
          const start = trial.start(controller.signal);
          await turns(count);
          controller.abort(reason);
          if (await trial.hasToGiveUp(start)) await trial.gaveUp(start);
          await trial.ends(start);
          // A start that was ready before it noticed has started; it is stopped like any other.
          if (start.state === 'rejected') {
            await trial.rejectsWith(start, reason);
            await trial.isGone();
          }
          await trial.hasNotFailed();
          await trial.finish();
        }
      },
    },
    {
      name: 'an abort after the start means nothing any more',
      run: async () => {
        const trial = fresh();
        const controller = new AbortController();
        await trial.resolves(trial.start(controller.signal));
        controller.abort(reason);
        await trial.hasNotFailed();
        await trial.finish();
      },
    },
  ];
}

/** What holds for every stop. */
export function stopCases(fresh: () => Trial): ServiceCase[] {
  return [
    {
      name: 'stop before start resolves, and the start after it is refused',
      run: async () => {
        const trial = fresh();
        await trial.resolves(trial.stop());
        await trial.rejects(trial.start());
        await trial.isGone();
        await trial.hasNotFailed();
        await trial.finish();
      },
    },
    {
      name: 'a stopped service cannot be started again',
      run: async () => {
        const trial = fresh();
        await trial.running();
        await trial.resolves(trial.stop());
        await trial.rejects(trial.start());
        await trial.isGone();
        await trial.finish();
      },
    },
    {
      name: 'a start while a stop is under way is refused',
      run: async () => {
        const trial = fresh();
        await trial.running();
        const stop = trial.stop();
        await trial.rejects(trial.start());
        await trial.resolves(stop);
        await trial.finish();
      },
    },
    {
      name: 'a deadline that has passed is no reason to hang or to throw',
      run: async () => {
        const trial = fresh();
        await trial.running();
        await trial.resolves(trial.stop(trial.passed()));
        await trial.hasNotFailed();
        await trial.finish();
      },
    },
  ];
}

/** Starts, stops and aborts that meet. */
export function stormCases(fresh: () => Trial): ServiceCase[] {
  return [
    {
      name: 'stop makes a pending start give up, and is not over before the start is',
      run: async () => {
        for (const count of interruptions) {
          const trial = fresh();
          const start = trial.start();
          await turns(count);
          const hasToGiveUp = trial.hasToGiveUp(start);
          const stop = trial.stop();
          const startWhenStopped = stop.ended.then(() => turns(1)).then(() => start.state);
          await trial.resolves(stop);
          assert.notEqual(await startWhenStopped, 'pending', 'stop was over and the start was still pending');
          if (await hasToGiveUp) await trial.gaveUp(start);
          await trial.hasNotFailed();
          await trial.isGone();
          await trial.finish();
        }
      },
    },
    {
      name: 'a pending start does not hold a stop beyond its deadline',
      run: async () => {
        for (const count of interruptions) {
          const trial = fresh();
          const start = trial.start();
          await turns(count);
          await trial.resolves(trial.stop(trial.passed()));
          await trial.ends(start);
          await trial.finish();
        }
      },
    },
    {
      name: 'three stops at once all resolve',
      run: async () => {
        const trial = fresh();
        await trial.running();
        const stops = [trial.stop(), trial.stop(trial.soon()), trial.stop()];
        for (const stop of stops) await trial.resolves(stop);
        await trial.hasNotFailed();
        await trial.finish();
      },
    },
    {
      name: 'start, abort and two stops in one turn leave nothing behind',
      run: async () => {
        const trial = fresh();
        const controller = new AbortController();
        const start = trial.start(controller.signal);
        const stops = [trial.stop(), trial.stop(trial.passed())];
        controller.abort();
        for (const stop of stops) await trial.resolves(stop);
        await trial.ends(start);
        await trial.hasNotFailed();
        await trial.finish();
      },
    },
  ];
}
