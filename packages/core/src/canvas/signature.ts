import type { CallOptions, Linkable } from '../sending/call-options.js';
import type { AsyncResult, GroupResult } from '../result/result-handle.js';
import type { SerializedSignature } from './serialized-signature.js';
import type { SignatureGraph } from './signature-graph.js';
import type { StampingVisitor, StampOptions, Stamps } from './stamping-visitor.js';

declare const types: unique symbol;

/** What the compiler knows of a task or signature: the arguments it still takes and its result. Never there at run time. */
export interface Typed<A extends readonly unknown[], R> {
  readonly [types]?: { readonly args: (args: A) => void; readonly result: R };
}

/** Arguments that a task or signature still takes. */
export type ArgsOf<T> = T extends {
  readonly [types]?: { readonly args: (args: infer A extends readonly unknown[]) => void };
}
  ? A
  : never;
/** Its result, as it arrives on the client. */
export type ResultOf<T> = T extends {
  readonly [types]?: { readonly args: (args: never) => void; readonly result: infer R };
}
  ? R
  : never;

/** A continuation that takes such arguments, or does not say what it takes: one by name, an immutable one. */
export type Takes<A extends readonly unknown[]> = Linkable & {
  readonly [types]?: { readonly args: (args: A) => void };
};

/** What may follow a success: it is given the result. What follows a group is given nothing. */
export type TakesResult<R, Result = AsyncResult<R>> = [Result] extends [GroupResult<infer _Results>]
  ? Takes<[R]> | Takes<[]>
  : Takes<[R]>;

/** Options of a call whose continuations are checked: `link` against its result, `linkError` against the id of what failed. */
export interface OptionsOf<R, Result = AsyncResult<R>> extends CallOptions {
  readonly link?: TakesResult<R, Result> | readonly TakesResult<R, Result>[];
  readonly linkError?: Takes<[failedId: string]> | readonly Takes<[failedId: string]>[];
}

/**
 * A call that was not made yet: a task with arguments and options, or a workflow of such. `A` is what still has to come in front of the
 * arguments it has; an immutable signature takes anything and ignores it.
 */
export interface Signature<A extends readonly unknown[], R, Result = AsyncResult<R>> extends Typed<A, R>, Linkable {
  readonly kind: 'task' | 'chain' | 'group' | 'chord' | 'chunks';
  readonly immutable: boolean;
  /** Sends it, with the missing arguments. */
  delay(...args: Given<A>): Promise<Result>;
  applyAsync(args?: Given<A>, options?: OptionsOf<R, Result>): Promise<Result>;
  /** A copy with these options over its own. */
  set(options: OptionsOf<R, Result>): Signature<A, R, Result>;
  /**
   * A copy with keyword arguments over its own, for tasks that have names for their parameters: of a chain those of its first step, of a group or a header those of every
   * member. Immutable ones keep their own. What it takes then is not known to the compiler any more.
   */
  withKwargs(kwargs: Readonly<Record<string, unknown>>): Signature<readonly unknown[], R, Result>;
  /** A copy that ignores the result of what comes before it. */
  asImmutable(): Signature<readonly unknown[], R, Result>;
  /** The chain of this and what follows it, which is given the result: `add.s(2, 2).pipe(add.s(4))`, Celery's `add.s(2, 2) | add.s(4)`. */
  pipe<Next extends AnySignature & Takes<[R]>>(next: Next): Signature<A, ResultOf<Next>, AsyncResult<ResultOf<Next>>>;
  /** A copy with a continuation more, which is given the result. */
  link(next: TakesResult<R, Result>): Signature<A, R, Result>;
  /** The same for a failure: it is given the id of the task that failed. */
  linkError(errback: Takes<[failedId: string]>): Signature<A, R, Result>;
  /** A copy in which every signature, and what is linked to it, has what the visitor says of it. */
  stamp(visitor: StampingVisitor, options?: StampOptions): Signature<A, R, Result>;
  /**
   * A copy in which every signature, and what is linked to it, has these stamps: `sig.stamp({ tenant: 'blue' })`. What is linked later is not stamped.
   * @throws TypeError for the name of an option, and for a function.
   */
  stamp(stamps: Stamps, options?: StampOptions): Signature<A, R, Result>;
  /**
   * Sends nothing here, but has the workers that are there agree on one of them, which sends it. For a call that several programs make at the same time under the same id, and
   * for those that only workers can send. Workers of Python do not stand elections well: for workers of ctq. Resolves when the workers are asked. @throws TypeError for a workflow.
   */
  election(): Promise<Result>;
  /** The form that travels. */
  serialize(): SerializedSignature;
  /** The same, for JSON. */
  toJSON(): SerializedSignature;
  /** For people, as Celery writes it: `add(2, 2) | add(4)`. */
  toString(): string;
  /** Its steps and what leads to what, to be looked at or drawn. */
  graph(): SignatureGraph;
}

/** Anything goes in front of an immutable signature, so nothing has to be given. */
export type Given<A extends readonly unknown[]> = readonly unknown[] extends A ? readonly unknown[] : A;

/** A signature of any kind that has all its arguments; of a group the result is the list. */
export type Complete<R> = Linkable & Typed<[], R>;

/** Any signature, whatever it takes and gives. */
export type AnySignature = Signature<never, unknown, AsyncResult<unknown> | GroupResult<unknown[]>>;

/** `A` without its last parameters, as many as were given: `.s(4)` of `(x, y)` still takes `x`. */
export type DropLast<A extends readonly unknown[], Count extends readonly unknown[]> = Count extends readonly [
  unknown,
  ...infer Fewer,
]
  ? DropLast<WithoutLast<A>, Fewer>
  : A;
type WithoutLast<A extends readonly unknown[]> = A extends readonly [...infer Head, unknown]
  ? Head
  : Required<A> extends readonly [...infer Head, unknown]
    ? Head extends readonly unknown[]
      ? Partial<Head>
      : never
    : A;

/** What `.s()` may be given: the last parameters, as many as wanted. */
export type Trailing<A extends readonly unknown[]> =
  | A
  | (A extends readonly [_?: infer _First, ...rest: infer Rest]
      ? number extends A['length']
        ? never
        : A['length'] extends 0
          ? never
          : Trailing<Rest>
      : never);
