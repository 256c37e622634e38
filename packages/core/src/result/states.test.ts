import { describe, expect, test } from 'vitest';
import {
  exceptionStates,
  propagateStates,
  readyStates,
  statePrecedence,
  taskStates,
  type TaskState,
  unreadyStates,
} from './states.js';

const sorted = (states: Iterable<TaskState>): readonly TaskState[] => [...states].sort();

describe('the states of a task', () => {
  test('are those of Celery [TR-162]', () => {
    expect(sorted(taskStates)).toEqual([
      ...['FAILURE', 'IGNORED', 'PENDING', 'RECEIVED', 'REJECTED', 'RETRY', 'REVOKED', 'STARTED', 'SUCCESS'],
    ]);
  });

  test('are ready when nothing follows them, else unready; IGNORED is never stored and neither [TR-163, TR-164]', () => {
    expect(sorted(readyStates)).toEqual(['FAILURE', 'REVOKED', 'SUCCESS']);
    expect(sorted(unreadyStates)).toEqual(['PENDING', 'RECEIVED', 'REJECTED', 'RETRY', 'STARTED']);
  });

  test('hold an error, and some of them one that is thrown [TR-165, TR-166]', () => {
    expect(sorted(exceptionStates)).toEqual(['FAILURE', 'RETRY', 'REVOKED']);
    expect(sorted(propagateStates)).toEqual(['FAILURE', 'REVOKED']);
  });

  test('have an order of precedence, in which all custom ones have the same place [TR-167]', () => {
    const order = [
      ...['SUCCESS', 'FAILURE', 'PROGRESS', 'REVOKED', 'STARTED', 'RECEIVED', 'REJECTED', 'RETRY', 'PENDING'],
    ];
    expect(order.toReversed().sort((a, b) => statePrecedence(a) - statePrecedence(b))).toEqual(order);
    expect(statePrecedence('PROGRESS')).toBe(statePrecedence('ABORTED'));
  });
});
