import type { AppOptions, Task } from '@ctq/core';
import { type Deferred, deferred } from '@ctq/runtime';
import type { Worker } from '../worker.js';
import type { WorkerOptions } from '../worker-options.js';
import { WorkerScene } from './worker-scene.js';

/** A worker that is sent control messages, and the task `gate`, which runs until it is let go or told to leave. */
export class ControlScene extends WorkerScene {
  readonly begun: Deferred<void> = deferred();
  readonly go: Deferred<void> = deferred();
  readonly ran: unknown[] = [];
  readonly gate: Task<[name: unknown], unknown> = this.app.task(
    'gate',
    { bind: true, params: ['name'] },
    async (ctx, name: unknown) => {
      this.begun.resolve();
      const left = deferred<never>();
      ctx.signal.addEventListener('abort', () => left.reject(ctx.signal.reason), { once: true });
      await Promise.race([this.go.promise, left.promise]);
      this.ran.push(name);
      return name;
    },
  );
  readonly step: Task<[name: unknown], unknown> = this.app.task('step', { params: ['name'] }, (name: unknown) => {
    this.ran.push(name);
    return name;
  });

  constructor(options: AppOptions = {}) {
    super(options);
  }

  /** What the worker answers. */
  async ask(command: string, args: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
    const [reply] = await this.app.control.ask(command, args, { destination: ['w1@host'] });
    return reply?.value;
  }

  /** A worker one of whose tasks runs, and its id. */
  async busy(options: WorkerOptions = {}): Promise<{ readonly worker: Worker; readonly id: string }> {
    const worker = await this.start({ concurrency: 1, prefetchMultiplier: 0, ...options });
    const { id } = await this.gate.delay(7);
    await this.begun.promise;
    return { worker, id };
  }

  /** Resolves when it has been received. */
  async received(id: string): Promise<void> {
    await this.line(new RegExp(`${id}.* received`));
  }
}
