/** What ioredis adds to replies that are errors, and to those of a transaction. */
interface WithCommand {
  command?: { readonly name: string };
  readonly previousErrors?: readonly unknown[];
}

/** The error without the arguments of its command, which ioredis keeps in it: passwords of `AUTH`, whole messages. The command's name stays. */
export function withoutArguments<E>(error: E): E {
  if (typeof error !== 'object' || error === null) return error;
  const known = error as WithCommand;
  if (known.command !== undefined) known.command = { name: known.command.name };
  for (const previous of known.previousErrors ?? []) withoutArguments(previous);
  return error;
}
