import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { exitCodes } from './exit-codes.js';

const again = 'ctq: again';
const endings = ['SIGTERM', 'SIGINT', 'SIGQUIT'] as const;
const passedOn = [...endings, 'SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const;

/**
 * A restart (WK-093). Node cannot replace its program as `exec` does, so the process that was started stays: it runs the same command line in a
 * new one, passes signals on to it and ends as it does. Its process id stays the one that a process manager knows. The next restart ends the
 * new process and makes another, so that there are never more than two.
 */
export class Succession {
  readonly #folder: string;
  #isAsked = false;
  #heir: ChildProcess | undefined;
  #isEnding = false;

  /** @param folder where the command line was given; the command may have left it. */
  constructor(folder: string) {
    this.#folder = folder;
    // Who is to pass signals on is gone: the heir would be a worker that nobody knows of.
    if (this.isHeir) process.once('disconnect', () => process.kill(process.pid, 'SIGQUIT'));
    if (this.isHeir) process.channel?.unref();
  }

  ask(): void {
    this.#isAsked = true;
  }

  /** How this process is to end. Where a successor was asked for, resolves when that has ended. */
  async code(ended: number): Promise<number> {
    if (!this.#isAsked || ended !== exitCodes.ok) return ended;
    if (this.isHeir) {
      await new Promise<void>((sent) => process.send?.(again, () => sent()));
      return ended;
    }
    for (const signal of passedOn) process.on(signal, this.#passOn);
    for (;;) {
      const { code, asksAgain } = await this.#runHeir();
      if (!asksAgain || this.#isEnding) return code;
    }
  }

  /** Started by another one, which it asks for the next. */
  get isHeir(): boolean {
    return process.env['CTQ_SUCCESSOR_OF'] === String(process.ppid) && process.send !== undefined;
  }

  async #runHeir(): Promise<{ readonly code: number; readonly asksAgain: boolean }> {
    const args = [...process.execArgv, ...process.argv.slice(1)];
    const heir = spawn(process.execPath, args, {
      cwd: this.#folder,
      env: { ...process.env, CTQ_SUCCESSOR_OF: String(process.pid) },
      stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    });
    this.#heir = heir;
    let asksAgain = false;
    heir.on('message', (message) => {
      asksAgain = message === again;
    });
    const [code, signal] = (await once(heir, 'exit')) as [number | null, NodeJS.Signals | null];
    return { code: code ?? 128 + constants.signals[signal ?? 'SIGKILL'], asksAgain };
  }

  readonly #passOn = (signal: NodeJS.Signals): void => {
    if (endings.some((one) => one === signal)) this.#isEnding = true;
    this.#heir?.kill(signal);
  };
}
