import { isMapping } from '../protocol/task-fields.js';
import type { UniqueState } from './unique-options.js';
import { uniqueStates } from './unique-rules.js';

/** What travels with a unique call, in the header `ctq-unique`: Celery passes headers that it does not know on to the task. */
export interface UniqueTicket {
  readonly key: string;
  readonly states: readonly UniqueState[];
  /** When the key is free in any case, in milliseconds since the epoch. */
  readonly until: number;
  /** The version of the entry that was made for the call. */
  readonly version?: number;
  /** The call is to replace another one: until when its sender may still be about to do so. */
  readonly decidedBy?: number;
}

export const uniqueHeader = 'ctq-unique';

/** The ticket in a message's headers; undefined for none, and for one that cannot be read: the call is run as any other then. */
export function readTicket(value: unknown): UniqueTicket | undefined {
  if (!isMapping(value)) return undefined;
  const { key, states, until, version, decidedBy } = value;
  if (typeof key !== 'string' || typeof until !== 'number' || !Array.isArray(states)) return undefined;
  if (!states.every(isState)) return undefined;
  return {
    key,
    states,
    until,
    ...(typeof version === 'number' ? { version } : {}),
    ...(typeof decidedBy === 'number' ? { decidedBy } : {}),
  };
}

function isState(value: unknown): value is UniqueState {
  return uniqueStates.includes(value as UniqueState);
}
