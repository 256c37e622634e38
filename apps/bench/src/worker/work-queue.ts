import type { Work } from './work.js';

/** The queue that a contender's worker works on, from its client's side. */
export interface WorkQueue extends AsyncDisposable {
  /** Calls one task; resolves when the server has it, with a way to wait for what it came to. */
  call<Name extends keyof Work>(name: Name, args: Work[Name]): Promise<Called>;
  /** Puts calls where the worker does not see them yet. */
  park<Name extends keyof Work>(name: Name, calls: readonly Work[Name][]): Promise<void>;
  /** Lets the worker have all that are parked, at once. */
  release(): Promise<void>;
  /** How many wait or run. */
  left(): Promise<number>;
}

/** For so long a result is waited for: the first one until the worker has started, whatever else the machine does. */
export const resultLimitMs = 120_000;

export interface Called {
  /** Only of tasks that store it. */
  result(): Promise<number>;
}
