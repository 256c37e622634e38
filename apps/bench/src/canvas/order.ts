import type { Shape } from './shape.js';

/** What a client process is told to do: a line of JSON on its standard input. */
export type Order = RunOrder | RanOrder;

/** Sends a workflow and waits for its result. */
export interface RunOrder extends Shape {
  readonly what: 'run';
}

/** Asks how many tasks have run since it asked before. */
export interface RanOrder {
  readonly what: 'ran';
}

/** What it says then: a line of JSON on its standard output. */
export type Answer = Answered | { readonly error: string };

export interface Answered {
  /** From the call that sends until the result is there. */
  readonly seconds: number;
  /** The result, of a list its sum; or how many tasks ran. */
  readonly value: number;
}
