import { type ChildProcess, spawn } from 'node:child_process';
import { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** How to start a server and how to end it. */
export interface ServerCommand {
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** The signal that asks for a quick, orderly end. */
  readonly stopSignal: NodeJS.Signals;
  /** A shell command for what outlives the server: its daemons and its files. Run after every end, this process's death included. */
  readonly cleanUp: string;
}

/** A server process in a process group of its own, so that a Ctrl-C meant for the tests does not reach it. */
export interface ServerProcess {
  /** Resolves when `probe` does; rejects with the server's own output when it ends before, or when `signal` aborts. */
  ready(probe: () => Promise<void>, signal: AbortSignal | undefined): Promise<void>;
  signal(signal: NodeJS.Signals): void;
  stop(): Promise<void>;
}

const READY_TIMEOUT_MS = 120_000;
const STOP_TIMEOUT_MS = 10_000;

/**
 * Starts a server together with its guard: a shell that waits on a pipe from this process. When this process dies, in
 * whatever way, the pipe closes, and the guard ends the server and cleans up. Neither keeps the event loop alive.
 */
export function startServer(command: ServerCommand): ServerProcess {
  const child = spawn(command.program, command.args, {
    cwd: command.cwd,
    env: command.env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = collectOutput(child);
  const guard = startGuard(child.pid, command);
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  child.unref();

  let stopped: Promise<void> | undefined;
  return {
    async ready(probe, signal) {
      const deadline = Date.now() + READY_TIMEOUT_MS;
      for (;;) {
        signal?.throwIfAborted();
        if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) {
          throw new Error(`${command.program} ended before it was ready.\n${output()}`);
        }
        try {
          return await probe();
        } catch (error) {
          if (Date.now() > deadline) throw new Error(`${command.program} is not ready.\n${output()}`, { cause: error });
        }
        await Promise.race([exited, sleep(20)]);
      }
    },
    signal: (signal) => killGroup(child.pid, signal),
    stop() {
      stopped ??= (async () => {
        killGroup(child.pid, command.stopSignal);
        const killer = setTimeout(() => killGroup(child.pid, 'SIGKILL'), STOP_TIMEOUT_MS);
        child.ref();
        await exited;
        clearTimeout(killer);
        await guard.release();
      })();
      return stopped;
    },
  };
}

/** The last lines a server printed: the reason when it does not start. */
function collectOutput(child: ChildProcess): () => string {
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => (text = (text + chunk.toString()).slice(-4_000)));
    unref(stream);
  }
  return () => text;
}

/** A child's pipes are sockets, which its typings do not say. */
function unref(pipe: unknown): void {
  if (pipe instanceof Socket) pipe.unref();
}

/** $1 is the server's process id, $2 the signal, $3 the clean-up. `read` returns when the pipe closes, or with "stopped". */
const GUARD = `
read -r word
if [ "$word" != stopped ]; then
  kill -s "$2" -- "-$1" 2>/dev/null
  for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    kill -0 "$1" 2>/dev/null || break
    sleep 0.1
  done
  kill -s KILL -- "-$1" 2>/dev/null
fi
eval "$3"
`;

function startGuard(pid: number | undefined, { stopSignal, cleanUp }: ServerCommand): { release(): Promise<void> } {
  const args = ['-c', GUARD, 'guard', String(pid ?? 0), stopSignal.replace('SIG', ''), cleanUp];
  const guard = spawn('sh', pid === undefined ? ['-c', cleanUp] : args, {
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  const exited = new Promise<void>((resolve) => guard.once('exit', () => resolve()));
  guard.unref();
  unref(guard.stdin);
  return {
    async release() {
      guard.ref();
      guard.stdin.end('stopped\n');
      await exited;
    },
  };
}

function killGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // The group has ended already: that is what was wanted.
  }
}
