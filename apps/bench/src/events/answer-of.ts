import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import type { Program } from '../worker-process.js';

/** What a program prints, which is one value in JSON. @throws Error when it fails. */
export async function answerOf({ command, args, cwd, environment }: Program): Promise<unknown> {
  const child = spawn(command, args, {
    ...(cwd === undefined ? {} : { cwd }),
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const closed = once(child, 'close') as Promise<[number | null]>;
  const [printed, [code]] = await Promise.all([text(child.stdout), closed]);
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${String(code)}.`);
  return JSON.parse(printed);
}
