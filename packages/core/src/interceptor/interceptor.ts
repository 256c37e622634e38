import type { Message, Route } from '@ctq/messaging';
import type { Outcome } from '../execute/outcome.js';
import type { Execution } from '../execute/execution.js';
import type { RecordToStore } from '../result/result-record.js';

/**
 * The one place to hang something around publishing, executing and storing: tracing, encryption, payload offload, tenancy. Each
 * method gets what is about to happen and `next`, which does it; interceptors nest in the order of the app's list, the first outermost.
 */
export interface Interceptor {
  readonly name: string;
  /** May change message and route by what it passes to `next`. */
  publish?(call: PublishCall, next: (call: PublishCall) => Promise<void>): Promise<void>;
  /** May change the outcome. Runs where the function runs. */
  execute?(execution: Execution, next: (execution: Execution) => Promise<Outcome>): Promise<Outcome>;
  /** May change the record; `replyTo` says where its news goes. */
  store?(record: RecordToStore, next: (record: RecordToStore) => Promise<void>): Promise<void>;
}

export interface PublishCall {
  readonly message: Message;
  readonly route: Route;
  /** The task's name and id, as in the headers. */
  readonly task: string;
  readonly id: string;
}

type Step<Input, Output> = (input: Input) => Promise<Output>;

/** Nests the interceptors that have the method around `last`; without any the result is `last` itself and costs nothing. */
export function intercepted<Input, Output>(
  interceptors: readonly Interceptor[],
  method: (interceptor: Interceptor) => ((input: Input, next: Step<Input, Output>) => Promise<Output>) | undefined,
  last: Step<Input, Output>,
): Step<Input, Output> {
  return interceptors.reduceRight<Step<Input, Output>>((next, interceptor) => {
    const around = method(interceptor);
    return around === undefined ? next : (input) => around(input, next);
  }, last);
}
