/** As Python names what is wrong: in replies an error stands with its name. */
export type CommandErrorName = 'AttributeError' | 'ImportError' | 'KeyError' | 'TypeError' | 'ValueError';

/** Why a command is not carried out. Its reply is `{ error: "ValueError('…')" }`, as a worker of Python answers. */
export class CommandError extends Error {
  override readonly name: CommandErrorName;

  constructor(name: CommandErrorName, message: string) {
    super(message);
    this.name = name;
  }
}
