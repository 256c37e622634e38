import type { Worker } from '@ctq/worker';
import { type ExitCode, exitCodes } from './exit-codes.js';

type Signal = 'SIGTERM' | 'SIGINT' | 'SIGQUIT';

/**
 * What the signals of a terminal or a process manager mean to a worker (WK-086 to WK-092, WK-097):
 * ```
 * running ──TERM, INT──► warm ──INT, QUIT──► cold ──INT, QUIT──► exit at once
 *    └────────QUIT───────────────────────────▲
 * ```
 * SIGTERM ends with status 0, everything else with 1. A repeated SIGTERM is only acknowledged.
 */
export class ShutdownSignals {
  readonly #worker: Pick<Worker, 'stop' | 'terminate'>;
  readonly #say: (line: string) => void;
  readonly #handlers = new Map<Signal, () => void>();
  readonly stopped: Promise<void>;
  #onStopped: () => void = () => undefined;
  #phase: 'running' | 'warm' | 'cold' = 'running';
  #exitCode: ExitCode | undefined;

  constructor(worker: Pick<Worker, 'stop' | 'terminate'>, say: (line: string) => void) {
    this.#worker = worker;
    this.#say = say;
    this.stopped = new Promise((resolve) => {
      this.#onStopped = resolve;
    });
  }

  /** Undefined as long as no signal asked for the end. */
  get exitCode(): ExitCode | undefined {
    return this.#exitCode;
  }

  install(): void {
    // celery 5.6 apps/worker.py, REMAP_SIGTERM: platforms that send TERM and do not wait.
    const onTerm = process.env.REMAP_SIGTERM === 'SIGQUIT' ? () => this.#cold('SIGTERM') : () => this.#term();
    this.#handlers.set('SIGTERM', onTerm);
    this.#handlers.set('SIGINT', () => this.#interrupt());
    this.#handlers.set('SIGQUIT', () => this.#cold('SIGQUIT'));
    for (const [signal, handler] of this.#handlers) process.on(signal, handler);
  }

  remove(): void {
    for (const [signal, handler] of this.#handlers) process.off(signal, handler);
    this.#handlers.clear();
  }

  #term(): void {
    if (this.#phase === 'running') this.#warm('SIGTERM', exitCodes.ok);
    else this.#say('worker: Warm shutdown (MainProcess)');
  }

  #interrupt(): void {
    if (this.#phase !== 'running') return this.#cold('SIGINT');
    this.#say('worker: Hitting Ctrl+C again will initiate cold shutdown, terminating all running tasks!');
    this.#warm('SIGINT', exitCodes.failure);
  }

  #warm(signal: Signal, exitCode: ExitCode): void {
    this.#phase = 'warm';
    this.#exitCode = exitCode;
    this.#say('worker: Warm shutdown (MainProcess)');
    this.#finish(this.#worker.stop(undefined, { signal }));
  }

  #cold(signal: Signal): void {
    // The third time somebody means it, whatever hangs.
    if (this.#phase === 'cold') process.exit(exitCodes.failure);
    this.#phase = 'cold';
    this.#exitCode = exitCodes.failure;
    this.#say('worker: Hitting Ctrl+C again will terminate all running tasks!');
    this.#say('worker: Cold shutdown (MainProcess)');
    this.#finish(this.#worker.terminate({ signal }));
  }

  #finish(ending: Promise<void>): void {
    ending.then(
      () => this.#onStopped(),
      (error: unknown) => {
        this.#exitCode = exitCodes.failure;
        this.#say(`worker: Did not stop cleanly: ${error instanceof Error ? error.message : String(error)}`);
        this.#onStopped();
      },
    );
  }
}
