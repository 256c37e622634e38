import type { Duration } from '@ctq/runtime';
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
}

export type CommandArguments = Readonly<Record<string, keyof CommandArgumentTypes>>;

/** What a handler is given: whoever asks may leave anything out. */
export type GivenArguments<Args extends CommandArguments> = {
  readonly [Name in keyof Args]?: CommandArgumentTypes[Args[Name]] | undefined;
};

export interface CommandOptions<Args extends CommandArguments = CommandArguments> {
  /** Its arguments, in the order in which the command line takes them. Others that come are left out. */
  readonly args?: Args;
  /** The name of an argument that takes all that is left on a command line, as a list. */
  readonly variadic?: string;
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

/** The worker that a command is run in, as far as commands of a program need it. */
export interface CommandedWorker extends SignalledWorker {
  /** How many tasks it runs at the same time from now on. */
  resize(concurrency: number): Promise<void>;
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
