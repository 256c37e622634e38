import type { AnyRemoteCommand, CommandedWorker } from '@ctq/core';
import { parseArguments } from './parse-arguments.js';
import { builtinCommands } from './builtin-commands.js';
import type { CommandScope } from './command-scope.js';
import type { WorkerCommand } from './worker-command.js';

/** As Python says that it does not know a name. */
class UnknownCommandError extends Error {
  override readonly name = 'KeyError';
}

/** The commands that one worker knows: everybody's, and those of its program, which win. */
export class Panel {
  readonly #scope: CommandScope;
  readonly #worker: CommandedWorker;
  readonly #builtin = new Map<string, WorkerCommand>();

  constructor(scope: CommandScope, worker: CommandedWorker) {
    this.#scope = scope;
    this.#worker = worker;
    for (const command of builtinCommands) {
      this.#builtin.set(command.name, command);
      if (command.alias !== undefined) this.#builtin.set(command.alias, command);
    }
  }

  /** @throws UnknownCommandError, TypeError for arguments that it cannot use, whatever the command throws. */
  run(name: string, args: Readonly<Record<string, unknown>>): unknown {
    const own: AnyRemoteCommand | undefined = this.#scope.kernel.commands.find(name);
    if (own !== undefined) return own.run(this.#worker, parseArguments(own, args) as never);
    const command = this.#builtin.get(name);
    if (command === undefined) throw new UnknownCommandError(name);
    return command.run(this.#scope, parseArguments(command, args));
  }
}
