import { loadavg } from 'node:os';
import type { EventDispatcher, Kernel } from '@ctq/core';
import type { Deadline, Service, Timer } from '@ctq/runtime';
import { ServiceLife } from '../service-life.js';
import type { SoftwareInfo } from './software-info.js';

export interface HeartOptions {
  readonly kernel: Kernel;
  /** Node name. */
  readonly name: string;
  readonly dispatcher: EventDispatcher;
  readonly intervalMs: number;
  readonly software: SoftwareInfo;
  /** How many tasks run just now. */
  readonly active: () => number;
  /** How many were begun so far. */
  readonly processed: () => number;
}

/**
 * Tells that the worker is there, again and again, and when it comes and goes (celery 5.6 worker/heartbeat.py, Heart). Not to be confused with the heartbeats by which a
 * broker and its clients know of each other.
 */
export class Heart implements Service {
  readonly name = 'heart';
  readonly #options: HeartOptions;
  readonly #life = new ServiceLife('heart');
  #timer: Timer | undefined;

  constructor(options: HeartOptions) {
    this.#options = options;
  }

  get failed(): Promise<Error> {
    return this.#life.failed;
  }

  start(signal: AbortSignal): Promise<void> {
    return this.#life.start(signal, async () => {
      this.#send('worker-online');
      this.#beatLater();
    });
  }

  async stop(deadline: Deadline): Promise<void> {
    await deadline.wait(this.#life.stopping());
    if (this.#timer === undefined) return;
    this.#timer.cancel();
    this.#timer = undefined;
    this.#send('worker-offline');
  }

  #beatLater(): void {
    const { kernel, intervalMs, dispatcher } = this.#options;
    const beat = (): void => {
      // Those that wait for a broker to come back would tell of the past when it is there.
      if (!dispatcher.isHeldUp) this.#send('worker-heartbeat');
      this.#beatLater();
    };
    this.#timer = kernel.clock.setTimer(beat, intervalMs, { background: true });
  }

  #send(type: 'worker-online' | 'worker-heartbeat' | 'worker-offline'): void {
    const { kernel, name, dispatcher, intervalMs, software, active, processed } = this.#options;
    void kernel.signals.heartbeatSent.send(name, () => ({ sender: name }));
    dispatcher.send(type, {
      freq: intervalMs / 1_000,
      active: active(),
      processed: processed(),
      // celery 5.6 utils/sysinfo.py, load_average: rounded up.
      loadavg: loadavg().map((load) => Math.ceil(load * 100) / 100),
      ...software,
    });
  }
}
