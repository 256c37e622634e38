import assert from 'node:assert/strict';
import { toError } from '../errors/to-error.js';
import { interruptions, type ServiceCase } from './service-case.js';
import { type ServiceConformanceOptions, Trial } from './trial.js';
import { turns } from './turns.js';

/** Stopping with work that does not end. */
export function occupiedCases(fresh: () => Trial, { occupy }: ServiceConformanceOptions): ServiceCase[] {
  if (occupy === undefined) return [];
  return [
    {
      name: 'stop abandons unfinished work at its deadline',
      run: async () => {
        const trial = fresh();
        await trial.running();
        await occupy(trial.service);
        await trial.resolves(trial.stop(trial.soon()));
        await trial.hasNotFailed();
      },
    },
    {
      name: 'a second stop with an earlier deadline cuts the first one short',
      run: async () => {
        const trial = fresh();
        await trial.running();
        await occupy(trial.service);
        const patient = trial.stop();
        await turns(2);
        await trial.resolves(trial.stop(trial.soon()));
        assert.notEqual(patient.state, 'rejected', 'the first stop rejected when the second one overtook it');
        await trial.hasNotFailed();
      },
    },
  ];
}

/** Dying. */
export function breakDownCases(fresh: () => Trial, { breakDown }: ServiceConformanceOptions): ServiceCase[] {
  if (breakDown === undefined) return [];
  return [
    {
      name: 'a service that dies tells it through failed, and can be stopped',
      run: async () => {
        const trial = fresh();
        await trial.running();
        await trial.hasNotFailed();
        await breakDown(trial.service);
        await trial.hasFailed();
        await trial.finish();
      },
    },
    {
      name: 'dying while it is stopped neither hangs the stop nor rejects failed',
      run: async () => {
        const trial = fresh();
        await trial.running();
        const stop = trial.stop();
        await breakDown(trial.service);
        await trial.resolves(stop);
        await trial.finish();
      },
    },
  ];
}

/** Starts that fail by themselves. */
export function failingStartCases(options: ServiceConformanceOptions): ServiceCase[] {
  const { failingFactory } = options;
  if (failingFactory === undefined) return [];
  return [
    {
      name: 'a start that fails rejects with an error and cleans up, without a stop',
      run: async () => {
        const trial = new Trial(failingFactory, options);
        const start = trial.start();
        await trial.rejects(start);
        assert.ok(toError(start.reason) === start.reason, 'start rejected with something that is not an Error');
        await trial.isGone();
        await trial.hasNotFailed();
        await trial.finish();
      },
    },
    {
      name: 'a start that fails while it is stopped leaves nothing behind',
      run: async () => {
        for (const count of interruptions) {
          const trial = new Trial(failingFactory, options);
          const start = trial.start();
          await turns(count);
          await trial.resolves(trial.stop());
          await trial.rejects(start);
          await trial.hasNotFailed();
          await trial.finish();
        }
      },
    },
  ];
}
