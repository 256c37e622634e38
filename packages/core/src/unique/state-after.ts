import type { Outcome } from '../execute/outcome.js';
import type { UniqueState } from './unique-options.js';

/** Where an outcome leaves a unique call; undefined where it is over without having done its work. */
export function stateAfter(outcome: Outcome): UniqueState | undefined {
  switch (outcome.kind) {
    case 'success':
      return 'succeeded';
    case 'failure':
      return 'failed';
    case 'retry':
      return 'waiting';
    case 'reject':
      return outcome.reject.requeue ? 'waiting' : undefined;
    case 'ignore':
      return undefined;
  }
}
