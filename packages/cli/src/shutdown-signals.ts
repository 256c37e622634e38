import type { Worker } from '@ctq/worker';
import { type ExitCode, exitCodes } from './exit-codes.js';

type Signal = 'SIGTERM' | 'SIGINT' | 'SIGQUIT' | 'SIGHUP' | 'SIGBREAK' | 'SIGUSR1';

export interface ShutdownSignalsOptions {
  readonly worker: Pick<Worker, 'stop' | 'terminate' | 'phase'>;
  readonly say: (line: string) => void;
  /** Prints what the worker does. */
  readonly dump: () => void;
  readonly platform: NodeJS.Platform;
  /** Somebody sits before it: closing the terminal is what SIGHUP means then. */
  readonly isTerminal: boolean;
  readonly remapTerm: boolean;
}

/**
 * What the signals of a terminal or a process manager mean to a worker (WK-086 to WK-094, WK-097):
 * ```
 * running ──TERM, INT, HUP──► warm ──INT, QUIT──► soft ──INT, QUIT──► cold ──INT, QUIT──► exit at once
 *    └────────────QUIT─────────────────────────────▲ (cold at once where there is no soft timeout or nothing runs)
 * ```
 * SIGTERM ends with status 0, SIGHUP with a successor, everything else with 1. A repeated SIGTERM is only acknowledged; after a SIGHUP it means
 * that there is to be no successor.
 */
export class ShutdownSignals {
  readonly #options: ShutdownSignalsOptions;
  readonly #handlers = new Map<Signal, () => void>();
  readonly stopped: Promise<void>;
  #onStopped: () => void = () => undefined;
  #phase: 'running' | 'warm' | 'cold' = 'running';
  #exitCode: ExitCode | undefined;
  #wantsSuccessor = false;

  constructor(options: ShutdownSignalsOptions) {
    this.#options = options;
    this.stopped = new Promise((resolve) => {
      this.#onStopped = resolve;
    });
  }

  /** Undefined as long as no signal asked for the end. */
  get exitCode(): ExitCode | undefined {
    return this.#exitCode;
  }

  /** Whether the last word was SIGHUP. */
  get wantsSuccessor(): boolean {
    return this.#wantsSuccessor;
  }

  install(): void {
    const { platform, isTerminal, remapTerm, dump } = this.#options;
    // celery 5.6 apps/worker.py, REMAP_SIGTERM: platforms that send TERM and do not wait.
    this.#handlers.set('SIGTERM', remapTerm ? () => this.#cold('SIGTERM') : () => this.#term());
    this.#handlers.set('SIGINT', () => this.#interrupt('SIGINT'));
    this.#handlers.set('SIGQUIT', () => this.#cold('SIGQUIT'));
    if (platform === 'win32') {
      // There is no QUIT; its place has Ctrl+Break. A console that is closed leaves ten seconds.
      this.#handlers.set('SIGBREAK', () => this.#cold('SIGBREAK'));
      this.#handlers.set('SIGHUP', () => this.#cold('SIGHUP'));
    } else {
      if (!isTerminal) this.#handlers.set('SIGHUP', () => this.#restart());
      // A listener takes it from Node's inspector.
      this.#handlers.set('SIGUSR1', dump);
    }
    for (const [signal, handler] of this.#handlers) process.on(signal, handler);
  }

  remove(): void {
    for (const [signal, handler] of this.#handlers) process.off(signal, handler);
    this.#handlers.clear();
  }

  #term(): void {
    this.#wantsSuccessor = false;
    if (this.#phase === 'running') this.#warm('SIGTERM', exitCodes.ok);
    else this.#options.say('worker: Warm shutdown (MainProcess)');
  }

  #interrupt(signal: Signal): void {
    if (this.#phase !== 'running') return this.#cold(signal);
    this.#options.say('worker: Hitting Ctrl+C again will initiate cold shutdown, terminating all running tasks!');
    this.#warm(signal, exitCodes.failure);
  }

  /** Celery prints the arguments too; there may be passwords in them. */
  #restart(): void {
    if (this.#phase !== 'running') return;
    this.#wantsSuccessor = true;
    this.#options.say('Restarting ctq worker');
    this.#warm('SIGHUP', exitCodes.ok);
  }

  #warm(signal: Signal, exitCode: ExitCode): void {
    this.#phase = 'warm';
    this.#exitCode = exitCode;
    this.#options.say('worker: Warm shutdown (MainProcess)');
    this.#finish(this.#options.worker.stop(undefined, { signal }));
  }

  #cold(signal: Signal): void {
    const { worker, say } = this.#options;
    this.#wantsSuccessor = false;
    if (this.#phase === 'cold') {
      // Once more, and somebody means it, whatever hangs.
      if (worker.phase !== 'soft') process.exit(exitCodes.failure);
      say('Waiting gracefully for cold shutdown to complete...');
      this.#finish(worker.terminate({ signal }));
      return;
    }
    this.#phase = 'cold';
    this.#exitCode = exitCodes.failure;
    say('worker: Hitting Ctrl+C again will terminate all running tasks!');
    say('worker: Cold shutdown (MainProcess)');
    this.#finish(worker.terminate({ signal }));
  }

  #finish(ending: Promise<void>): void {
    ending.then(
      () => this.#onStopped(),
      (error: unknown) => {
        this.#exitCode = exitCodes.failure;
        this.#wantsSuccessor = false;
        this.#options.say(`worker: Did not stop cleanly: ${error instanceof Error ? error.message : String(error)}`);
        this.#onStopped();
      },
    );
  }
}
