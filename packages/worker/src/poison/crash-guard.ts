import { randomUUID } from 'node:crypto';
import type { Crash, CrashRecord, Kernel, MarkedRun, Outcome } from '@ctq/core';
import { type Clock, ConfigurationError, type Logger, toError } from '@ctq/runtime';
import type { Pool } from '../pool/pool.js';

/** What is known of a call that was delivered before. */
export interface Standing {
  /** Of its record when it was last seen; 0 for none. */
  readonly version: number;
  /** Runs in which its process ended, the oldest first. */
  readonly crashes: readonly Crash[];
  /** Our own run, once it is marked. */
  readonly running?: MarkedRun;
}

/** The request of a call that may have taken down what ran it. */
export interface Suspect {
  readonly name: string;
  readonly message: { readonly id: string };
  readonly delivery: { readonly redelivered: boolean; readonly deliveryCount?: number };
  readonly policy: { readonly acksLate: boolean; readonly maxCrashes: number | undefined };
  readonly runsAlone: boolean;
  standing: Standing | undefined;
}

export interface CrashGuardOptions {
  readonly kernel: Pick<Kernel, 'crashes'>;
  /** Of the worker. */
  readonly hostname: string;
  readonly pool: Pick<Pool, 'supports'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Where crashes are not counted: what came back so often, and never ended, is taken for what ends its process. RabbitMQ 4 has the same limit. */
const mostDeliveries = 20;

/** How often a record is read again because somebody else was quicker. */
const attempts = 3;

/**
 * Finds the calls that take down whatever runs them. A first delivery costs nothing: only what was delivered before is marked while it runs. Who finds a mark
 * and no end knows of a crash, or of several calls that ran together, of which one was it; each of them is a suspect, and is run again
 * alone. Only a crash while alone is held against a call. A mark that was left by a worker which had lost the message and not its life is taken back by that
 * worker when it is done.
 */
export class CrashGuard {
  readonly #options: CrashGuardOptions;
  #isTold = false;

  constructor(options: CrashGuardOptions) {
    this.#options = options;
  }

  /** Whether anything has to be known of it before it runs. Deliveries that are acknowledged before never come back. */
  isConcernedBy({ delivery, policy }: Suspect): boolean {
    return delivery.redelivered && policy.acksLate && policy.maxCrashes !== undefined;
  }

  /** Looks what is known of it. Never rejects: what cannot be known is nothing. */
  async examine(request: Suspect): Promise<void> {
    try {
      request.standing = await this.#standingOf(request);
    } catch (error) {
      this.#tellBlind(request, error);
    }
  }

  /** It is not run again. */
  isPoison(request: Suspect): boolean {
    return poisonous(request.standing?.crashes ?? [], request) || this.#isWornOut(request);
  }

  /** It may be what ended a process, so nobody else is to be near when it runs. */
  isSuspect({ standing }: Suspect): boolean {
    const crashes = standing?.crashes ?? [];
    // A slot that died has died alone, and will again; what takes down a whole worker needs one for itself.
    return this.#options.pool.supports.isolation ? crashes.some(({ exit }) => exit === undefined) : crashes.length > 0;
  }

  /** Marks that it runs. */
  async begin(request: Suspect): Promise<void> {
    const { hostname: worker, clock } = this.#options;
    const running = { run: randomUUID(), worker, startedAt: clock.now(), isAlone: request.runsAlone };
    try {
      for (let attempt = 0; attempt < attempts && request.standing !== undefined; attempt += 1) {
        const { version, crashes } = request.standing;
        const marked = await this.#records.put(request.message.id, version, { crashes, running });
        if (marked !== undefined) {
          request.standing = { version: marked, crashes, running };
          return;
        }
        request.standing = await this.#standingOf(request);
      }
    } catch (error) {
      this.#tellBlind(request, error);
    }
    request.standing = undefined;
  }

  /** The function is over, or was given back: whatever came of it, no process ended. Never rejects. */
  async end(request: Suspect): Promise<void> {
    const { standing, message } = request;
    if (standing === undefined) return;
    request.standing = undefined;
    try {
      if (standing.version === 0 || (await this.#records.remove(message.id, standing.version))) return;
      if (standing.running !== undefined) await this.#takeBack(message.id, standing.running);
    } catch (error) {
      this.#options.logger.warn(
        { err: toError(error) },
        `Couldn't note that ${request.name}[${message.id}] has ended; if it is delivered again it is a suspect`,
      );
    }
  }

  /** The slot in which it ran is gone, and it is to run again: one crash more. Resolves with all of them. Never rejects. */
  async lost(request: Suspect, outcome: Outcome & { kind: 'failure' }): Promise<readonly Crash[]> {
    const { clock, hostname: worker } = this.#options;
    const now = clock.now();
    try {
      request.standing ??= await this.#standingOf(request);
      const marked = request.standing.running;
      const run = marked ?? { run: randomUUID(), worker, startedAt: Math.round(now - outcome.runtimeMs) };
      const crash: Crash = { ...run, isAlone: true, noticedAt: now, exit: exitOf(outcome.error) };
      for (let attempt = 0; attempt < attempts; attempt += 1) {
        const crashes = [...request.standing.crashes, crash];
        const version = await this.#records.put(request.message.id, request.standing.version, { crashes });
        if (version !== undefined) {
          request.standing = { version, crashes };
          return crashes;
        }
        request.standing = await this.#standingOf(request);
      }
    } catch (thrown) {
      this.#tellBlind(request, thrown);
    }
    return request.standing?.crashes ?? [];
  }

  /** A broker that counts deliveries is all there is in an app without a store. */
  #isWornOut({ delivery }: Suspect): boolean {
    return this.#isTold && (delivery.deliveryCount ?? 0) >= mostDeliveries;
  }

  get #records(): Kernel['crashes'] {
    return this.#options.kernel.crashes;
  }

  /** What the record says, with the run in it that nobody has ended. */
  async #standingOf({ message }: Suspect): Promise<Standing> {
    const { record, version } = await this.#records.find(message.id);
    const { running, crashes } = record;
    if (running === undefined) return { version, crashes };
    return { version, crashes: [...crashes, { ...running, noticedAt: this.#options.clock.now() }] };
  }

  /** Somebody else has the message by now, and took our silence for a crash. */
  async #takeBack(id: string, { run }: MarkedRun): Promise<void> {
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      const { record, version } = await this.#records.find(id);
      const without = withoutRun(record, run);
      if (without === record || (await this.#records.put(id, version, without)) !== undefined) return;
    }
  }

  #tellBlind(request: Suspect, error: unknown): void {
    const { logger } = this.#options;
    if (!ConfigurationError.isInstance(error)) {
      const { name, message } = request;
      logger.warn(
        { err: toError(error) },
        `Couldn't look whether ${name}[${message.id}] has ended its process before; it runs as any other`,
      );
    } else if (!this.#isTold) {
      this.#isTold = true;
      logger.warn(
        { err: error },
        `The app has no key-value store, so nobody counts which tasks end their process: one that always does is run for ever, or ${mostDeliveries} times where the broker counts deliveries`,
      );
    }
  }
}

/** Whether it ended its process, alone, as often as it may. */
export function poisonous(crashes: readonly Crash[], { policy }: Pick<Suspect, 'policy'>): boolean {
  return policy.maxCrashes !== undefined && crashes.filter(({ isAlone }) => isAlone).length >= policy.maxCrashes;
}

function withoutRun(record: CrashRecord, run: string): CrashRecord {
  const crashes = record.crashes.filter((crash) => crash.run !== run);
  return crashes.length === record.crashes.length ? record : { ...record, crashes };
}

function exitOf(error: Error): string {
  const { exitCode, signal } = (error as { readonly details?: Readonly<Record<string, unknown>> }).details ?? {};
  return typeof signal === 'string' ? `signal ${signal}` : `exit code ${String(exitCode ?? 'unknown')}`;
}
