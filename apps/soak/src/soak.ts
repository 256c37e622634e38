import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Ctq } from '@ctq/core';
import { seededRandom } from '@ctq/test-services';
import { Journal } from './journal.js';
import type { Place, Store } from './place.js';
import { type Blow, type BlowKind, recoveries } from './recoveries.js';
import type { Fate, work as Work } from './tasks.js';
import { Victim } from './victim.js';

export interface SoakOptions {
  readonly tasks: number;
  readonly kills: number;
  /** Who is hit, in turns. */
  readonly of: readonly BlowKind[];
  readonly workers: number;
  readonly concurrency: number;
  /** Where tasks run. */
  readonly pool: string;
  readonly seed: number;
  readonly onProgress?: (done: number, kills: number) => void;
}

export interface SoakReport {
  readonly store: Store;
  readonly blows: Readonly<Record<BlowKind, number>>;
  /** Tasks without a SUCCESS result with the right value, or without an execution to the end. The promise is 0. */
  readonly lost: number;
  /** Executions to the end beyond one per task: at-least-once allows them after a kill. */
  readonly doubled: number;
  /** Executions that began beyond one per task: what was interrupted, and what is doubled. */
  readonly startedAgain: number;
  /** For each execution that was interrupted: milliseconds from the kill until its task began again. Of a broker: until any task began. */
  readonly recoveriesMs: readonly number[];
  readonly mostRssMiB: number;
  readonly mostSlotRssMiB: number;
  /** Open descriptors of a worker, each time that was looked. */
  readonly descriptors: readonly number[];
  readonly seconds: number;
}

/** Longer than anything takes that is not stuck. */
const patienceMs = 120_000;

/** Ends workers, slots or the broker at seeded moments in the middle of tasks, and counts what became of every task. */
export async function soak(options: SoakOptions, place: Place): Promise<SoakReport> {
  const folder = await mkdtemp(join(tmpdir(), 'ctq-journal-'));
  const ordeal = new Ordeal(options, place, new Journal(join(folder, 'journal')));
  try {
    return await ordeal.run();
  } finally {
    await ordeal.end();
    await rm(folder, { recursive: true, force: true });
  }
}

class Ordeal {
  readonly #options: SoakOptions;
  readonly #place: Place;
  readonly #journal: Journal;
  readonly #random: () => number;
  readonly #app: Ctq;
  readonly #victims: readonly Victim[];
  readonly #blows: Blow[] = [];
  readonly #unsettled: Promise<void>[] = [];
  readonly #wrong = new Set<number>();
  readonly #descriptors: number[] = [];
  #mostRssMiB = 0;
  #mostSlotRssMiB = 0;
  #sent = 0;
  #done = 0;

  constructor(options: SoakOptions, place: Place, journal: Journal) {
    this.#options = options;
    this.#place = place;
    this.#journal = journal;
    this.#random = seededRandom(options.seed);
    const { broker, backend, queue: taskDefaultQueue = 'celery' } = place;
    // The broker may be killed while something is published.
    this.#app = new Ctq('soak', {
      broker,
      backend,
      taskDefaultQueue,
      taskPublishRetryPolicy: { maxRetries: 100 },
    });
    const env = {
      CTQ_BROKER_URL: broker,
      CTQ_RESULT_BACKEND: backend,
      CTQ_SOAK_QUEUE: taskDefaultQueue,
      CTQ_SOAK_JOURNAL: journal.path,
    };
    const { workers, pool, concurrency } = options;
    this.#victims = Array.from(
      { length: workers },
      (_, index) => new Victim({ name: `victim${index}`, pool, concurrency, env }),
    );
  }

  async run(): Promise<SoakReport> {
    const { tasks, kills, of, onProgress } = this.#options;
    const startedAt = performance.now();
    await Promise.all(this.#victims.map((victim) => victim.start()));
    // One slice of the work for each blow: it falls in the middle of that, whatever the machine's speed.
    const slice = Math.floor(tasks / kills);
    for (let count = 0; count < kills; count += 1) {
      const kind = of[count % of.length] ?? 'worker';
      await this.#watched(`Blow ${count} (${kind})`, this.#strike(kind, slice));
      await this.#measure();
      onProgress?.(this.#done, count + 1);
    }
    await this.#send(tasks - this.#sent);
    await this.#watched('The end', Promise.all(this.#unsettled));
    return this.#report((performance.now() - startedAt) / 1_000);
  }

  async end(): Promise<void> {
    await Promise.all(this.#victims.map((victim) => victim.end('SIGTERM')));
    await this.#app.close();
    this.#journal.close();
  }

  /** What fails, or is not over for minutes, says what the workers said last. */
  async #watched(what: string, work: Promise<unknown>): Promise<void> {
    const watch = new AbortController();
    const late = pause(patienceMs, undefined, { signal: watch.signal }).then(() => {
      throw new Error(`not over after ${patienceMs / 1_000} s`);
    });
    try {
      await Promise.race([work, late]);
    } catch (error) {
      const done = `${this.#done} of ${this.#sent} tasks are done`;
      const lines = this.#victims.map(({ name, state, lastLines }) => `${name}, ${state}:\n${lastLines}`).join('\n');
      throw new Error(`${what}: ${String(error)}; ${done}\n${lines}`, { cause: error });
    } finally {
      watch.abort();
      late.catch(() => undefined);
    }
  }

  async #strike(kind: BlowKind, slice: number): Promise<void> {
    switch (kind) {
      case 'worker':
        return await this.#killWorker(slice);
      case 'slot':
        return this.#options.pool === 'threads' ? await this.#endThread(slice) : await this.#killProcess(slice);
      case 'broker':
        return await this.#killBroker(slice);
      case 'restart':
        return await this.#restart(slice);
    }
  }

  /** kill -9 of a worker that is in the middle of a task. */
  async #killWorker(slice: number): Promise<void> {
    const held = await this.#sendOne(slice, 'waits');
    const began = await this.#journal.entry('start', held);
    await pause(this.#random() * 20);
    const victim = this.#victims.find((each) => each.owns(began));
    const process = victim?.pid;
    if (victim === undefined || process === undefined) throw new Error(`Nobody knows process ${began.process}.`);
    this.#blows.push({ kind: 'worker', at: Date.now(), process });
    await victim.killAndReplace('SIGKILL');
    // One blow at a time: how long it takes until it is made good is what is measured.
    await this.#journal.entry('start', held, 2);
  }

  /** kill -9 of a process that is in the middle of its task; its worker replaces it. */
  async #killProcess(slice: number): Promise<void> {
    const held = await this.#sendOne(slice, 'waits');
    const began = await this.#journal.entry('start', held);
    await pause(this.#random() * 20);
    if (this.#victims.some(({ pid }) => pid === began.process))
      throw new Error(`The pool ${this.#options.pool} has no slots that could be killed.`);
    this.#blows.push({ kind: 'slot', at: Date.now(), process: began.process });
    process.kill(began.process, 'SIGKILL');
    await this.#journal.entry('start', held, 2);
  }

  /** A thread cannot be killed from outside: one ends itself in the middle of its task, without a word to its worker. */
  async #endThread(slice: number): Promise<void> {
    const held = await this.#sendOne(slice, 'exits');
    const { at } = await this.#journal.entry('exit', held);
    this.#blows.push({ kind: 'slot', at, task: held });
    await this.#journal.entry('start', held, 2);
  }

  async #killBroker(slice: number): Promise<void> {
    const { killBroker, store } = this.#place;
    if (killBroker === undefined) throw new Error(`The broker of this run on ${store} is nobody's to kill.`);
    await this.#sendAndWait(slice);
    this.#blows.push({ kind: 'broker', at: Date.now() });
    await killBroker();
  }

  /** SIGTERM: it ends what it has begun and gives back the rest; then another takes its place. */
  async #restart(slice: number): Promise<void> {
    await this.#sendAndWait(slice);
    this.#blows.push({ kind: 'restart', at: Date.now() });
    await this.#victims[Math.floor(this.#random() * this.#victims.length)]?.killAndReplace('SIGTERM');
  }

  /** Sends a slice of which one task has a fate; resolves with the number of that. */
  async #sendOne(slice: number, fate: Fate): Promise<number> {
    const fated = this.#sent + Math.floor(this.#random() * slice);
    await this.#send(slice, fated, fate);
    return fated;
  }

  /** Resolves when a random part of a slice is done. */
  async #sendAndWait(slice: number): Promise<void> {
    const moment = this.#sent + Math.floor(this.#random() * slice * 0.9);
    await this.#send(slice);
    while (this.#done < moment) await pause(1);
  }

  async #send(count: number, fated?: number, fate: Fate = 'none'): Promise<void> {
    const work = this.#app.remote<typeof Work>('soak.work');
    const first = this.#sent;
    this.#sent += count;
    const calls = Array.from({ length: count }, async (_, index) => {
      const n = first + index;
      const result = await work.delay(n, Math.floor(this.#random() * 20), n === fated ? fate : 'none');
      const settled = result.get({ timeout: '10m' }).catch((error: unknown) => error);
      this.#unsettled.push(
        settled.then((value) => {
          if (value !== n * 2) this.#wrong.add(n);
          this.#done += 1;
        }),
      );
    });
    await Promise.all(calls);
  }

  async #measure(): Promise<void> {
    for (const victim of this.#victims) {
      const { worker, slots } = await victim.figures();
      if (worker === undefined) continue;
      this.#mostRssMiB = Math.max(this.#mostRssMiB, worker.rssMiB);
      this.#mostSlotRssMiB = Math.max(this.#mostSlotRssMiB, ...slots.map(({ rssMiB }) => rssMiB));
      this.#descriptors.push(worker.descriptors);
    }
  }

  #report(seconds: number): SoakReport {
    const { starts, ends } = this.#journal;
    const count = (kind: BlowKind): number => this.#blows.filter((blow) => blow.kind === kind).length;
    const beyondOne = (entries: typeof starts): number =>
      [...entries.values()].reduce((sum, { length }) => sum + length - 1, 0);
    const numbers = Array.from({ length: this.#sent }, (_, n) => n);
    return {
      store: this.#place.store,
      blows: { worker: count('worker'), slot: count('slot'), broker: count('broker'), restart: count('restart') },
      lost: numbers.filter((n) => this.#wrong.has(n) || !ends.has(n)).length,
      doubled: beyondOne(ends),
      startedAgain: beyondOne(starts),
      recoveriesMs: this.#blows.flatMap((blow) => recoveries(blow, this.#journal)),
      mostRssMiB: this.#mostRssMiB,
      mostSlotRssMiB: this.#mostSlotRssMiB,
      descriptors: this.#descriptors,
      seconds,
    };
  }
}
