import { describe, expect, test } from 'vitest';
import { type ConnectionEvent, type ConnectionState, connectionTransitions, nextState } from './connection-state.js';

const states = Object.keys(connectionTransitions) as ConnectionState[];
const events: ConnectionEvent[] = ['connect', 'established', 'failover', 'retry-later', 'lost', 'give-up', 'close'];

describe('the states of a connection', () => {
  test('are left only by the moves that there are', () => {
    const moves = states.flatMap((state) =>
      events.flatMap((event) => {
        const next = connectionTransitions[state][event];
        if (next !== undefined) return [`${state} -${event}-> ${next}`];
        expect(() => nextState(state, event)).toThrow(RangeError);
        return [];
      }),
    );
    expect(moves).toEqual([
      'idle -connect-> connecting',
      'idle -close-> closed',
      'connecting -established-> connected',
      'connecting -failover-> connecting',
      'connecting -retry-later-> waiting-to-retry',
      'connecting -give-up-> failed',
      'connecting -close-> closed',
      'connected -lost-> waiting-to-retry',
      'connected -give-up-> failed',
      'connected -close-> closed',
      'waiting-to-retry -connect-> connecting',
      'waiting-to-retry -close-> closed',
      'failed -connect-> connecting',
      'failed -close-> closed',
    ]);
  });

  test('can all be reached, and closed is for good', () => {
    const reached = new Set<ConnectionState>(['idle']);
    for (const state of reached) for (const next of Object.values(connectionTransitions[state])) reached.add(next);
    expect([...reached].sort()).toEqual([...states].sort());
    expect(events.filter((event) => connectionTransitions.closed[event] !== undefined)).toEqual([]);
  });
});
