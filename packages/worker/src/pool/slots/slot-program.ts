import { getHeapStatistics } from 'node:v8';
import { isMainThread } from 'node:worker_threads';
import {
  addToChord,
  type AppLocator,
  Ctq,
  decodeTask,
  type Execution,
  executeIntercepted,
  isValueUsed,
  type Outcome,
  rebuildError,
  replaceTask,
  storeProgress,
  type StoredError,
  TaskAbort,
  tellOutcome,
  wantsToBeTold,
  type WorkerProcessEvent,
} from '@ctq/core';
import { createLogger, type Deferred, deferred, toError } from '@ctq/runtime';
import { decodeOutcome, encodeFailure, encodeOutcome } from './outcome-codec.js';
import type { EncodedOutcome, FromSlot, SlotJob, SlotStart, ToSlot } from './slot-messages.js';

/** What a module that loads applications exports: `loadApp`. */
interface AppLoader {
  loadApp(locator: AppLocator): Promise<LoadedApp>;
}

interface LoadedApp {
  readonly app: Ctq;
  /** How its task modules are imported. */
  readonly importModule?: (url: string) => Promise<unknown>;
}

interface Ran {
  readonly execution: Execution;
  readonly outcome: Outcome;
  readonly heard: Deferred<void>;
}

/** After a run this long somebody may have something to say before the next one begins. */
const longMs = 5;

/** The application in a slot: loads it, runs what comes, says how it ended. */
export class SlotProgram {
  readonly #send: (message: FromSlot) => void;
  /** What is to be run, one after the other. */
  #line: SlotJob[] = [];
  #isAtWork = false;
  readonly #running = new Map<number, Execution>();
  /** Reasons for which the signals of jobs in the line are aborted. */
  readonly #aborted = new Map<number, StoredError>();
  /** Runs whose hooks and signals wait for the outcome that stands. */
  readonly #ran = new Map<number, Ran>();
  #app: Ctq | undefined;
  #hostname = '';
  #isWeighed = false;

  constructor(send: (message: FromSlot) => void) {
    this.#send = send;
  }

  async #open({ locator, handedOver, hostname, isWeighed }: SlotStart): Promise<void> {
    this.#hostname = hostname;
    this.#isWeighed = isWeighed;
    const { app, importModule } = await loadApp(locator);
    this.#app = app;
    app.locate(locator);
    app.override({
      ...handedOver,
      source: 'the worker',
      logger: createLogger(({ level, message, fields }) =>
        this.#send({ kind: 'log', level, message, fields: cloneable(fields) }),
      ),
    });
    await app.loadModules(importModule);
    // What is wrong with the settings shows now, not by the first task.
    void app.kernel.content;
    await app.kernel.signals.workerProcessInit.send(hostname, () => this.#event());
  }

  receive(message: Exclude<ToSlot, { kind: 'close' }>): void {
    switch (message.kind) {
      case 'open':
        void this.#open(message.start).then(
          () => this.#send({ kind: 'ready' }),
          (thrown: unknown) => {
            const { message: text, stack } = toError(thrown);
            this.#send({ kind: 'unfit', message: text, stack });
          },
        );
        return;
      case 'run':
        this.#line.push(message.job);
        if (!this.#isAtWork) void this.#work();
        return;
      case 'recall':
        this.#recall(message.runs);
        return;
      case 'abort':
        this.#abort(message);
        return;
      case 'tell':
        void this.#tell(message.run, message.instead);
        return;
      case 'forget':
        this.#ran.get(message.run)?.heard.resolve();
        this.#ran.delete(message.run);
        return;
    }
  }

  async close(): Promise<void> {
    await this.#app?.kernel.signals.workerProcessShutdown.send(this.#hostname, () => this.#event());
    await this.#app?.close();
  }

  /** Each is over, and its hooks have heard, before the next one begins: whatever ends the slot is known by name. */
  async #work(): Promise<void> {
    this.#isAtWork = true;
    for (let job = this.#line.shift(); job !== undefined; job = this.#line.shift()) {
      const { runtimeMs, heard } = await this.#run(job);
      await heard;
      if (runtimeMs > longMs && this.#line.length > 0) await new Promise((resolve) => setImmediate(resolve));
    }
    this.#isAtWork = false;
  }

  #recall(runs: readonly number[]): void {
    const recalled = new Set(this.#line.filter(({ run }) => runs.includes(run)).map(({ run }) => run));
    this.#line = this.#line.filter(({ run }) => !recalled.has(run));
    for (const run of recalled) this.#aborted.delete(run);
    this.#send({ kind: 'recalled', runs: [...recalled] });
  }

  #abort({ run, reason }: Extract<ToSlot, { kind: 'abort' }>): void {
    const execution = this.#running.get(run);
    if (execution !== undefined) return execution.abort.abort(rebuildError(reason, null, execution.message.id));
    if (this.#line.some((job) => job.run === run)) this.#aborted.set(run, reason);
  }

  async #run(job: SlotJob): Promise<{ readonly runtimeMs: number; readonly heard: Promise<void> | undefined }> {
    const { run } = job;
    const { kernel } = this.#loaded;
    const aborted = this.#aborted.get(run);
    this.#aborted.delete(run);
    let execution: Execution | undefined;
    const outcome = await outcomeOf(() => {
      execution = this.#execution(job);
      this.#running.set(run, execution);
      if (aborted !== undefined) execution.abort.abort(rebuildError(aborted, null, execution.message.id));
      return executeIntercepted(kernel, execution);
    });
    this.#running.delete(run);
    const isAwaited = execution !== undefined && wantsToBeTold(kernel, execution);
    const heard = deferred();
    if (execution !== undefined && isAwaited) this.#ran.set(run, { execution, outcome, heard });
    const how = {
      store: kernel.results,
      options: execution?.definition.options,
      isValueUsed: execution === undefined || isValueUsed(kernel, execution),
    };
    const ended = {
      kind: 'ended',
      run,
      wantsToBeTold: isAwaited,
      memoryKiB: this.#isWeighed ? memoryKiB() : 0,
    } as const;
    try {
      this.#send({ ...ended, outcome: encodeOutcome(outcome, how) });
    } catch (thrown) {
      // Something that no message between threads can hold: an option of a retry.
      this.#send({ ...ended, outcome: encodeFailure(outcome, toError(thrown), how) });
    }
    return { runtimeMs: outcome.runtimeMs, heard: isAwaited ? heard.promise : undefined };
  }

  async #tell(run: number, instead: EncodedOutcome | undefined): Promise<void> {
    const ran = this.#ran.get(run);
    this.#ran.delete(run);
    if (ran !== undefined) {
      const { kernel } = this.#loaded;
      const { execution, outcome } = ran;
      const stands = instead === undefined ? outcome : decodeOutcome(instead, execution.message.id, kernel.results);
      await tellOutcome(kernel, execution, stands);
    }
    ran?.heard.resolve();
    this.#send({ kind: 'told', run });
  }

  #execution({ message: source, deliveryInfo }: SlotJob): Execution {
    const { kernel } = this.#loaded;
    const hostname = this.#hostname;
    const message = decodeTask(source, kernel.content);
    const definition = kernel.registry.get(message.task);
    const facts = { message, definition, deliveryInfo, hostname };
    const execution: Execution = {
      ...facts,
      source,
      properties: source.properties,
      isEager: false,
      abort: new TaskAbort(),
      clock: kernel.clock,
      logger: kernel.logger,
      updateState: (changed, state, meta) => storeProgress(kernel, { ...facts, message: changed }, state, meta),
      sendEvent: (type, fields) => kernel.events.send(type, fields, { hostname }),
      replace: (signature) => replaceTask(kernel, execution, signature),
      addToChord: (addition) => addToChord(kernel, execution, addition),
    };
    return execution;
  }

  #event(): WorkerProcessEvent {
    return { sender: this.#hostname, pid: process.pid };
  }

  get #loaded(): Ctq {
    if (this.#app === undefined) throw new Error('A task came before the application was there.');
    return this.#app;
  }
}

async function loadApp(locator: AppLocator): Promise<LoadedApp> {
  if (locator.loader !== undefined) {
    const loader = (await import(locator.loader)) as AppLoader;
    return await loader.loadApp(locator);
  }
  const module = (await import(locator.url)) as Readonly<Record<string, unknown>>;
  const app = module[locator.export];
  if (!Ctq.isInstance(app)) throw new TypeError(`${locator.url} has no app under the name '${locator.export}'.`);
  return { app };
}

/** A task's own error is an outcome already; this one is an interceptor's, or of a message that the worker could read and the slot cannot. */
async function outcomeOf(run: () => Outcome | Promise<Outcome>): Promise<Outcome> {
  try {
    return await run();
  } catch (thrown) {
    return { kind: 'failure', error: toError(thrown), reason: 'thrown', runtimeMs: 0 };
  }
}

/** Of this thread where it is one: the heap of its own. */
function memoryKiB(): number {
  if (isMainThread) return Math.round(process.memoryUsage.rss() / 1_024);
  const { used_heap_size: heap, external_memory: external } = getHeapStatistics();
  return Math.round((heap + external) / 1_024);
}

/** Fields of a log line as they can leave the slot. */
function cloneable(fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => {
      try {
        return [name, structuredClone(value)];
      } catch {
        return [name, String(value)];
      }
    }),
  );
}
