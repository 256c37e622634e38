import { Worker } from 'node:worker_threads';
import { type Clock, Deadline, deferred, type Logger, type Timer, toError } from '@ctq/runtime';
import { TransportConnectionError } from '../errors.js';
import type { LeaseRole } from '../store/queue-store.js';
import type { LeaseKeeper, LeaseKeeperOptions, LeaseKeeperRole } from '../transport/transport.js';
import type { KeeperInput, KeeperMessage } from './keeper-messages.js';
import type { LeaseClock } from './lease-clock.js';
import { threadSharedNow } from './lease-state.js';

/** How often the main loop shows that it turns; more often where less than four of these are tolerated. */
const heartbeatMs = 1_000;

/** A thread that does not end by itself (its renewal hangs) is ended after this long. */
const stopWithinMs = 2_000;

export interface LeaseKeepersOptions {
  readonly leases: LeaseClock;
  readonly durationMs: number;
  readonly renewer: NonNullable<LeaseRole['renewer']>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The thread's program; only tests that run from source name another. */
  readonly entry?: URL;
}

/** The keeper threads of one connection: usually none or one. */
export class LeaseKeepers implements LeaseKeeperRole {
  readonly #options: LeaseKeepersOptions;
  readonly #threads = new Set<KeeperThread>();

  constructor(options: LeaseKeepersOptions) {
    this.#options = options;
  }

  async start(options: LeaseKeeperOptions): Promise<LeaseKeeper> {
    const thread = new KeeperThread(this.#options, options);
    this.#threads.add(thread);
    void thread.ended.then(() => this.#threads.delete(thread));
    await thread.ready;
    return thread;
  }

  /** The connection ends: so do they. */
  async stop(): Promise<void> {
    await Promise.all([...this.#threads].map((thread) => thread.stop()));
  }
}

/** The main loop's side of one keeper thread. */
class KeeperThread implements LeaseKeeper {
  readonly ready: Promise<void>;
  readonly ended: Promise<void>;
  readonly #options: LeaseKeepersOptions;
  readonly #keeperOptions: LeaseKeeperOptions;
  readonly #worker: Worker;
  readonly #hasEnded = deferred();
  readonly #isReady = deferred();
  #heartbeat: Timer | undefined;
  #renewHere: (() => void) | undefined;
  #isStopping = false;

  constructor(options: LeaseKeepersOptions, keeperOptions: LeaseKeeperOptions) {
    this.#options = options;
    this.#keeperOptions = keeperOptions;
    this.ready = this.#isReady.promise;
    this.ended = this.#hasEnded.promise;
    this.ready.catch(() => undefined);
    this.#beat();
    this.#worker = this.#spawn();
  }

  note(activity: string): void {
    this.#options.leases.state.activity = activity;
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#worker.postMessage('stop');
    if (await Deadline.after(stopWithinMs).wait(this.ended)) return;
    await this.#worker.terminate();
  }

  #spawn(): Worker {
    const { leases, durationMs, renewer, entry = new URL('./keeper-entry.js', import.meta.url) } = this.#options;
    const { maxBlockedMs, exitProcess = false } = this.#keeperOptions;
    const input: KeeperInput = { buffer: leases.state.buffer, durationMs, maxBlockedMs, exitProcess, ...renewer };
    const worker = new Worker(entry, {
      name: 'ctq-lease-keeper',
      workerData: input,
      // What the program was started with (loaders, inspectors) is not meant for this thread.
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 8 },
    });
    let failure: Error | undefined;
    worker.on('message', (message: KeeperMessage) => this.#onMessage(message));
    worker.on('error', (error) => {
      failure = toError(error);
    });
    worker.on('exit', () => this.#onExit(failure));
    return worker;
  }

  #onMessage(message: KeeperMessage): void {
    switch (message.kind) {
      case 'ready':
        // While it starts it keeps the process alive, so that `start` is answered; from now on it does not.
        this.#worker.unref();
        this.#renewHere = this.#options.leases.keepElsewhere();
        this.#isReady.resolve();
        break;
      case 'renewal-failed':
        this.#options.logger.warn({ error: message.error }, 'The lease keeper could not renew; trying again');
        break;
      case 'turns-again':
        this.#keeperOptions.onBlocked(message.report);
        break;
    }
  }

  #onExit(failure: Error | undefined): void {
    this.#heartbeat?.cancel();
    this.#renewHere?.();
    if (!this.#isStopping && this.#renewHere !== undefined) {
      this.#options.logger.warn(
        { err: failure },
        'The lease keeper ended by itself; leases are renewed on the main loop',
      );
    }
    const message = `The lease keeper did not start: ${failure?.message ?? 'it was stopped'}`;
    this.#isReady.reject(new TransportConnectionError(message, { cause: failure, recoverable: false }));
    this.#hasEnded.resolve();
  }

  readonly #beat = (): void => {
    const { leases, clock } = this.#options;
    leases.state.beat(threadSharedNow());
    const everyMs = Math.min(heartbeatMs, this.#keeperOptions.maxBlockedMs / 4);
    this.#heartbeat = clock.setTimer(this.#beat, everyMs, { background: true });
  };
}
