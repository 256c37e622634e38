import type { AnyRemoteCommand } from '@ctq/core';
import { builtinCommands } from './builtin-commands.js';
import { CommandError } from './command-error.js';
import type { CommandScope } from './command-scope.js';
import { parseArguments } from './parse-arguments.js';
import type { WorkerCommand } from './worker-command.js';

/** The commands that one worker knows: everybody's, and those of its program, none of which has the name of one of the others. */
export class Panel {
  readonly #scope: CommandScope;
  readonly #builtin = new Map<string, WorkerCommand>();

  constructor(scope: CommandScope) {
    this.#scope = scope;
    for (const command of builtinCommands) {
      this.#builtin.set(command.name, command);
      if (command.alias !== undefined) this.#builtin.set(command.alias, command);
    }
  }

  /** @throws CommandError, TypeError for a name and for arguments that it cannot use; whatever the command throws. */
  run(name: string, args: Readonly<Record<string, unknown>>): unknown {
    const command = this.#builtin.get(name);
    if (command !== undefined) return command.run(this.#scope, parseArguments(command, args), args);
    const own: AnyRemoteCommand | undefined = this.#scope.kernel.commands.find(name);
    if (own === undefined) throw new CommandError('KeyError', name);
    return own.run(this.#scope.worker, parseArguments(own, args) as never);
  }
}
