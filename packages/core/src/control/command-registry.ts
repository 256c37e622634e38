import { ConfigurationError } from '@ctq/runtime';
import { builtinCommandNames } from './builtin-command-names.js';
import type { AnyRemoteCommand } from './remote-command.js';

/** The commands that a program has added to those that every worker has. */
export class CommandRegistry {
  readonly #commands = new Map<string, AnyRemoteCommand>();

  /** @throws ConfigurationError for a name that another one has, or every worker has. */
  add(command: AnyRemoteCommand): void {
    const { name, alias } = command;
    for (const one of [name, ...(alias === undefined ? [] : [alias])]) {
      if (builtinCommandNames.has(one))
        throw new ConfigurationError(
          'CTQ_COMMAND_EXISTS',
          `Every worker has a remote command '${one}', and who asks for it expects its answer. Give yours another name.`,
        );
      if (this.find(one) !== undefined)
        throw new ConfigurationError('CTQ_COMMAND_EXISTS', `There is a remote command '${one}' already.`);
    }
    this.#commands.set(name, command);
  }

  /** By its name or its alias. */
  find(name: string): AnyRemoteCommand | undefined {
    return this.#commands.get(name) ?? this.all.find(({ alias }) => alias === name);
  }

  get all(): readonly AnyRemoteCommand[] {
    return [...this.#commands.values()];
  }
}
