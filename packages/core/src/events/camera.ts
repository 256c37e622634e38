import {
  type Clock,
  type Deadline,
  type Duration,
  durationMs,
  type Logger,
  silentLogger,
  systemClock,
  toError,
} from '@ctq/runtime';
import { type RateLimit, runsPerSecond } from '../limits/rate-limit.js';
import type { ClusterState } from './state/cluster-state.js';

/** What is done with the pictures. */
export interface Shutter {
  /** Looks at the state, which does not change until it is done. What it throws is logged; the next picture is taken all the same. */
  readonly onShutter: (state: ClusterState) => unknown;
  /** Once an hour: deletes what is too old, wherever the pictures are. */
  readonly onCleanup?: (state: ClusterState) => unknown;
  /** Forget workers, and tasks that have ended, when a picture was taken. Default false. */
  readonly clearAfter?: boolean;
}

export interface CameraOptions extends Shutter {
  /** Between two pictures. Default 1 second. */
  readonly frequency?: Duration;
  /** No more pictures than this, whatever the frequency: `10/m`. */
  readonly maxRate?: RateLimit | string;
  /** Between two calls of `onCleanup`. Default an hour. */
  readonly cleanupFrequency?: Duration;
  readonly clock?: Clock;
  readonly logger?: Logger;
}

/** Takes pictures of the state of a cluster again and again, to put them somewhere (celery 5.6 events/snapshot.py, Polaroid). */
export class Camera implements AsyncDisposable {
  readonly #state: ClusterState;
  readonly #options: CameraOptions;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #frequencyMs: number;
  readonly #cleanupMs: number;
  /** Between two pictures at least. */
  readonly #pauseMs: number;
  readonly #stopping = new AbortController();
  #running: Promise<unknown> | undefined;
  #stopped: Promise<void> | undefined;
  #mayShootAt = Number.NEGATIVE_INFINITY;

  /** @throws TypeError for durations and rates that are none. */
  constructor(state: ClusterState, options: CameraOptions) {
    const { frequency = 1, cleanupFrequency = 3_600, clock = systemClock, logger = silentLogger } = options;
    this.#state = state;
    this.#options = options;
    this.#clock = clock;
    this.#logger = logger;
    this.#frequencyMs = intervalMs('frequency', frequency);
    this.#cleanupMs = intervalMs('cleanupFrequency', cleanupFrequency);
    this.#pauseMs = 1_000 / (runsPerSecond(options.maxRate, 'maxRate') ?? Number.POSITIVE_INFINITY);
  }

  /** Idempotent. */
  start(): void {
    if (this.#stopping.signal.aborted) return;
    this.#running ??= Promise.all([
      this.#repeat(this.#frequencyMs, () => this.#shootInTime()),
      this.#repeat(this.#cleanupMs, () => this.#cleanUp()),
    ]);
  }

  /** Idempotent. Takes a last picture, so that nothing that was received is lost. @throws the deadline's error when that takes too long. */
  async stop(deadline?: Deadline): Promise<void> {
    this.#stopped ??= this.#stop();
    await (deadline === undefined ? this.#stopped : deadline.wait(this.#stopped));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #stop(): Promise<void> {
    this.#stopping.abort();
    if (this.#running === undefined) return;
    await this.#running;
    await this.#shoot();
  }

  /** Never rejects. One is done before the next begins, which is not hurried for it. */
  async #repeat(everyMs: number, act: () => Promise<void>): Promise<void> {
    const { signal } = this.#stopping;
    for (;;) {
      await this.#clock.sleep(everyMs, signal).catch(() => undefined);
      if (signal.aborted) return;
      await act();
    }
  }

  async #shootInTime(): Promise<void> {
    const now = this.#clock.monotonic();
    if (now < this.#mayShootAt) return;
    this.#mayShootAt = now + this.#pauseMs;
    await this.#shoot();
  }

  async #shoot(): Promise<void> {
    const { onShutter, clearAfter = false } = this.#options;
    const { eventCount: events, taskCount: tasks } = this.#state;
    this.#logger.debug({ events, tasks }, `Shutter: <State: events=${events} tasks=${tasks}>`);
    try {
      await this.#state.freezeWhile(onShutter, { clearAfter });
    } catch (error) {
      this.#logger.error({ err: toError(error) }, 'A picture of the cluster could not be taken');
    }
  }

  async #cleanUp(): Promise<void> {
    this.#logger.debug('Cleanup: Running...');
    try {
      await this.#options.onCleanup?.(this.#state);
    } catch (error) {
      this.#logger.error({ err: toError(error) }, 'Pictures of the cluster could not be cleaned up');
    }
  }
}

/** @throws TypeError for what would be a busy loop. */
function intervalMs(name: string, duration: Duration): number {
  const ms = durationMs(duration);
  if (ms > 0) return ms;
  throw new TypeError(`${name} is the time between two, and not ${JSON.stringify(duration)}.`);
}
