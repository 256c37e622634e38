import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** How a node is told something past AMQP. */
export interface Rabbitmqctl {
  readonly program: string;
  readonly env: NodeJS.ProcessEnv;
}

/**
 * Runs rabbitmqctl, which takes one or two seconds: an Erlang machine starts for it.
 *
 * @returns What it printed.
 * @throws Error with what it complained of.
 */
export async function runRabbitmqctl({ program, env }: Rabbitmqctl, args: readonly string[]): Promise<string> {
  const { stdout } = await execute(program, ['--quiet', ...args], { cwd: '/', env, maxBuffer: 16 * 1024 * 1024 });
  return stdout;
}
