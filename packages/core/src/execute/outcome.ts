import type { ResultTuple, StoredError } from '../result/result-record.js';
import type { Ignore, Reject, Retry } from '../task/directives.js';

/** How an execution ended. Pools report it; completing and settling follow from it. `run` of a pool never rejects because a task failed. */
export type Outcome = Ending & {
  /** Results of what the task sent while it ran; none is left out. */
  readonly children?: readonly ResultTuple[];
};

type Ending =
  | {
      readonly kind: 'success';
      readonly value: unknown;
      readonly runtimeMs: number;
      /** As logs show the value, where it stayed in another thread or process because nobody asks for it; `value` is undefined then. */
      readonly shown?: string;
    }
  | {
      readonly kind: 'failure';
      readonly error: Error;
      readonly reason: FailureReason;
      readonly runtimeMs: number;
      /** The error as results hold it, where it was made in another thread or process. */
      readonly stored?: StoredError;
      /** It is one of the task's `throws`: said by who had its class. */
      readonly isExpected?: boolean;
    }
  | { readonly kind: 'retry'; readonly retry: Retry; readonly runtimeMs: number }
  | { readonly kind: 'ignore'; readonly ignore: Ignore; readonly runtimeMs: number }
  | { readonly kind: 'reject'; readonly reject: Reject; readonly runtimeMs: number };

/**
 * Why it failed: thrown by the task, a time limit, the death of what ran it, a message that could not be run (unknown name), or a result that cannot
 * be stored.
 */
export type FailureReason = 'thrown' | 'timeout' | 'worker-lost' | 'not-registered' | 'encoding';
