import { type Clock, type Deadline, type Logger, type Service, type Timer } from '@ctq/runtime';
import { ServiceLife } from '../service-life.js';

/** A loop that does not turn for this long is worth a line. */
const worthTellingMs = 1_000;
/** How often the loop is asked whether it turns. */
const lookEveryMs = 500;
/** About one kind of task no more often than this. */
const quietMs = 60_000;
/** More suspects than this are not listed. */
const mostNamed = 5;

/** What may block the loop. */
export interface WatchedTask {
  readonly name: string;
  readonly message: { readonly id: string };
}

export interface BlockWatchOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** What runs just now. */
  readonly running: () => readonly WatchedTask[];
}

/**
 * Says which task has kept the event loop from turning, once it turns again. A function that runs in one piece is measured where it is called, and
 * named for certain. A block between two `await`s is seen by a timer that is late, and those are named that were running.
 */
export class BlockWatch implements Service {
  readonly name = 'block watch';
  readonly #options: BlockWatchOptions;
  readonly #life = new ServiceLife('block watch');
  readonly #quietUntil = new Map<string, number>();
  #timer: Timer | undefined;
  #dueAt = 0;
  /** The end of the last block that is known already. */
  #knownAt = Number.NEGATIVE_INFINITY;

  constructor(options: BlockWatchOptions) {
    this.#options = options;
  }

  get failed(): Promise<Error> {
    return this.#life.failed;
  }

  start(signal: AbortSignal): Promise<void> {
    return this.#life.start(signal, async () => this.#arm());
  }

  async stop(deadline: Deadline): Promise<void> {
    this.#timer?.cancel();
    await deadline.wait(this.#life.stopping());
    this.#timer?.cancel();
  }

  /** For `ran`. */
  now(): number {
    return this.#options.clock.monotonic();
  }

  /** The part of a task that runs at once has run since. */
  ran(task: WatchedTask, startedAt: number): void {
    const endedAt = this.#options.clock.monotonic();
    if (endedAt - startedAt < worthTellingMs) return;
    this.#knownAt = endedAt;
    this.#tell(endedAt - startedAt, [task]);
  }

  #arm(): void {
    const { clock } = this.#options;
    this.#dueAt = clock.monotonic() + lookEveryMs;
    this.#timer = clock.setTimer(() => this.#look(), lookEveryMs, { background: true });
  }

  #look(): void {
    const lateMs = this.#options.clock.monotonic() - this.#dueAt;
    if (lateMs >= worthTellingMs && this.#knownAt < this.#dueAt) this.#tell(lateMs, this.#options.running());
    if (!this.#life.isStopping) this.#arm();
  }

  #tell(blockedMs: number, suspects: readonly WatchedTask[]): void {
    const { clock, logger } = this.#options;
    const kinds = [...new Set(suspects.map(({ name }) => name))];
    const kind = kinds.join();
    const now = clock.monotonic();
    if (now < (this.#quietUntil.get(kind) ?? Number.NEGATIVE_INFINITY)) return;
    // What is over is forgotten: combinations of many tasks would add up.
    for (const [known, until] of this.#quietUntil) if (until <= now) this.#quietUntil.delete(known);
    this.#quietUntil.set(kind, now + quietMs);
    const tasks = suspects.slice(0, mostNamed).map(({ name, message }) => `${name}[${message.id}]`);
    logger.warn(
      { blockedMs: Math.round(blockedMs), tasks },
      `The event loop was blocked for ${(blockedMs / 1_000).toFixed(1)} s by ${whom(tasks, suspects.length)}; no other task went on and no timer fired meanwhile. ` +
        'Run such tasks in threads or processes (workerPool).',
    );
  }
}

function whom(tasks: readonly string[], count: number): string {
  if (count === 0) return 'something that is no task of this worker';
  if (count === 1) return String(tasks[0]);
  const more = count > tasks.length ? ` and ${count - tasks.length} more` : '';
  return `one of the running tasks ${tasks.join(', ')}${more}`;
}
