import { type ChildProcess, fork, type ForkOptions } from 'node:child_process';
import { once } from 'node:events';

/** Starts a fixture script of this folder. */
export function forkFixture(name: string, args: readonly string[], options: ForkOptions = {}): ChildProcess {
  return fork(new URL(name, import.meta.url), args, { execArgv: [], ...options });
}

/** The next message of a child. */
export async function messageOf(child: ChildProcess): Promise<unknown> {
  const [message] = (await once(child, 'message')) as [unknown];
  return message;
}
