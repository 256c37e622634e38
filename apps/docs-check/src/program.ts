import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** A program that was started as its user would start it. */
export interface Program {
  /** What it has written to both of its outputs so far. */
  readonly lines: readonly string[];
  /** Resolves with the first line that matches, past or future; rejects when the program ends without one. */
  line(pattern: RegExp): Promise<string>;
  /** Resolves with its exit code when it and its outputs have ended; undefined when a signal ended it. */
  readonly exited: Promise<number | undefined>;
  kill(signal: NodeJS.Signals): void;
}

export interface ProgramOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** A program that hangs must not outlive its test for long: it is ended after so many milliseconds. Default 60,000. */
  readonly timeoutMs?: number;
}

/** Runs a script of Node. */
export function startProgram(
  script: string | URL,
  args: readonly string[] = [],
  options: ProgramOptions = {},
): Program {
  const path = typeof script === 'string' ? script : fileURLToPath(script);
  const child: ChildProcess = spawn(process.execPath, [path, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...options.env },
    timeout: options.timeoutMs ?? 60_000,
    killSignal: 'SIGKILL',
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  const lines: string[] = [];
  const waiting = new Set<() => void>();
  const tell = (): void => {
    for (const look of waiting) look();
  };
  let hasEnded = false;
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue;
    createInterface(stream).on('line', (line) => {
      lines.push(line);
      tell();
    });
  }
  const exited = new Promise<number | undefined>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      hasEnded = true;
      resolve(code ?? undefined);
      tell();
    });
  });
  return {
    lines,
    exited,
    line: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const found = lines.find((line) => pattern.test(line));
          if (found === undefined && !hasEnded) return;
          waiting.delete(look);
          if (found !== undefined) resolve(found);
          else reject(new Error(`The program ended without a line like ${String(pattern)}:\n${lines.join('\n')}`));
        };
        waiting.add(look);
        look();
      }),
    kill: (signal) => void child.kill(signal),
  };
}

/** Environment of processes that share a broker file of their own, and what deletes it. */
export interface PrivateBroker {
  readonly env: Readonly<Record<string, string>>;
  remove(): Promise<void>;
}

export async function privateBroker(): Promise<PrivateBroker> {
  const folder = await mkdtemp(join(tmpdir(), 'ctq-example-'));
  const url = `sqlite://${join(folder, 'ctq.sqlite')}`;
  return {
    env: { CTQ_BROKER_URL: url, CTQ_RESULT_BACKEND: url },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
