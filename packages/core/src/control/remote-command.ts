import type { Duration } from '@ctq/runtime';
import type { Queue } from '@ctq/messaging';
import type { RateLimit } from '../limits/rate-limit.js';
import type { RevokeOptions, StampedHeaders } from '../revoke/revocation.js';
import type { SignalledWorker } from '../signals/app-events.js';

/** Asks, or changes something. The command line offers the one under `ctq inspect`, the other under `ctq control`. */
export type CommandKind = 'inspect' | 'control';

/** What arguments of commands are, as `args` of a command names it. */
export interface CommandArgumentTypes {
  text: string;
  integer: number;
  number: number;
  boolean: boolean;
  /** As it came. */
  any: unknown;
  /** Several; one alone is a list of one. */
  'text[]': readonly string[];
  'integer[]': readonly number[];
  'number[]': readonly number[];
}

export type CommandArguments = Readonly<Record<string, keyof CommandArgumentTypes>>;

/** What a handler is given: whoever asks may leave anything out. */
export type GivenArguments<Args extends CommandArguments> = {
  readonly [Name in keyof Args]?: CommandArgumentTypes[Args[Name]] | undefined;
};

/** Those of a command that can be lists. */
type Variadic<Args extends CommandArguments> = {
  [Name in keyof Args]: [Extract<Args[Name], 'any' | `${string}[]`>] extends [never] ? never : Name;
}[keyof Args] &
  string;

export interface CommandOptions<Args extends CommandArguments = CommandArguments> {
  /** Its arguments, in the order in which the command line takes them. Others that come are left out. */
  readonly args?: Args;
  /** Those of them that the command line takes, in place of all up to the variadic one. */
  readonly positional?: readonly (keyof Args & string)[];
  /** The name of an argument that takes all that is left on a command line: one of the types of several, or of `any`, which is given a list of texts then. */
  readonly variadic?: Variadic<Args>;
  /** Another name, to ask for it. */
  readonly alias?: string;
  /** One sentence for `--list`. */
  readonly help?: string;
  /** How its arguments are written there: `<task> [rate]`. Default: made of `args`. */
  readonly signature?: string;
  /** Whether it is listed. Default true. */
  readonly visible?: boolean;
  /** How long the command line waits for replies, where it is not told. Default 1 second. */
  readonly timeout?: Duration;
}

/** A call that a worker has, as commands see it. */
export interface CommandedCall {
  readonly id: string;
  /** Of its task. */
  readonly name: string;
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
  /** When it began, in milliseconds since the epoch; undefined as long as it has not. */
  readonly startedAt: number | undefined;
}

/** New time limits of a task; what is left out is as the settings say. */
export interface TimeLimitChange {
  readonly soft?: Duration;
  readonly hard?: Duration;
}

/** The worker that a command is run in, as far as commands of a program need it. */
export interface CommandedWorker extends SignalledWorker {
  /** How many tasks it may run at the same time. */
  readonly concurrency: number;
  /** How many messages it asks the broker for; 0 for no limit. */
  readonly prefetchCount: number;
  /** What it runs. */
  readonly active: readonly CommandedCall[];
  /** What it has taken and not begun. */
  readonly reserved: readonly CommandedCall[];
  /** How many tasks it runs at the same time from now on. */
  resize(concurrency: number): Promise<void>;
  /** In this worker only. */
  revoke(ids: string | readonly string[], options?: RevokeOptions): void;
  revokeByStampedHeaders(headers: StampedHeaders, options?: RevokeOptions): void;
  /** Null for no limit. @throws TaskNotRegisteredError, TypeError for what is not a rate. */
  setRateLimit(task: string, limit: RateLimit | null): void;
  /** @throws TaskNotRegisteredError, TypeError for what is no duration. */
  setTimeLimits(task: string, limits: TimeLimitChange): void;
  /** From one queue more, by its name or as `queue()` makes it. Resolves when it consumes from it. */
  addQueue(queue: string | Queue): Promise<void>;
  /** From this one no more. */
  cancelQueue(name: string): Promise<void>;
}

export type CommandHandler<Args extends CommandArguments, Reply> = (
  worker: CommandedWorker,
  args: GivenArguments<Args>,
) => Reply | Promise<Reply>;

/** A command of the program's own. Given to `app.control.ask`, its arguments and replies have their types. */
export interface RemoteCommand<Args extends CommandArguments = CommandArguments, Reply = unknown>
  extends CommandOptions<Args> {
  readonly name: string;
  readonly kind: CommandKind;
  /** What workers do. */
  readonly run: (worker: CommandedWorker, args: GivenArguments<Args>) => Reply | Promise<Reply>;
}

/** One of any arguments. */
export interface AnyRemoteCommand extends CommandOptions {
  readonly name: string;
  readonly kind: CommandKind;
  readonly run: (worker: CommandedWorker, args: never) => unknown;
}
