import { isMainThread } from 'node:worker_threads';
import {
  type AppLocator,
  Ctq,
  decodeTask,
  type Execution,
  executeIntercepted,
  isValueUsed,
  type Outcome,
  rebuildError,
  storeProgress,
  TaskAbort,
  tellOutcome,
  wantsToBeTold,
} from '@ctq/core';
import { createLogger, toError } from '@ctq/runtime';
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
}

/** The application in a slot: loads it, runs what comes, says how it ended. */
export class SlotProgram {
  readonly #send: (message: FromSlot) => void;
  readonly #running = new Map<number, Execution>();
  /** Runs whose hooks and signals wait for the outcome that stands. */
  readonly #ran = new Map<number, Ran>();
  #app: Ctq | undefined;
  #hostname = '';

  constructor(send: (message: FromSlot) => void) {
    this.#send = send;
  }

  async #open({ locator, handedOver, hostname }: SlotStart): Promise<void> {
    this.#hostname = hostname;
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
        void this.#run(message.job);
        return;
      case 'abort': {
        const execution = this.#running.get(message.run);
        execution?.abort.abort(rebuildError(message.reason, null, execution.message.id));
        return;
      }
      case 'tell':
        void this.#tell(message.run, message.instead);
        return;
      case 'forget':
        this.#ran.delete(message.run);
        return;
    }
  }

  async close(): Promise<void> {
    await this.#app?.close();
  }

  async #run(job: SlotJob): Promise<void> {
    const { run } = job;
    const { kernel } = this.#loaded;
    let execution: Execution | undefined;
    const outcome = await outcomeOf(() => {
      execution = this.#execution(job);
      this.#running.set(run, execution);
      return executeIntercepted(kernel, execution);
    });
    this.#running.delete(run);
    const isAwaited = execution !== undefined && wantsToBeTold(kernel, execution);
    if (execution !== undefined && isAwaited) this.#ran.set(run, { execution, outcome });
    const how = {
      store: kernel.results,
      options: execution?.definition.options,
      isValueUsed: execution === undefined || isValueUsed(kernel, execution),
    };
    const ended = { kind: 'ended', run, wantsToBeTold: isAwaited, memoryKiB: memoryKiB() } as const;
    try {
      this.#send({ ...ended, outcome: encodeOutcome(outcome, how) });
    } catch (thrown) {
      // Something that no message between threads can hold: an option of a retry.
      this.#send({ ...ended, outcome: encodeFailure(outcome, toError(thrown), how) });
    }
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
    this.#send({ kind: 'told', run });
  }

  #execution({ message: source, deliveryInfo }: SlotJob): Execution {
    const { kernel } = this.#loaded;
    const hostname = this.#hostname;
    const message = decodeTask(source, kernel.content);
    const definition = kernel.registry.get(message.task);
    const facts = { message, definition, deliveryInfo, hostname };
    return {
      ...facts,
      source,
      properties: source.properties,
      isEager: false,
      abort: new TaskAbort(),
      clock: kernel.clock,
      logger: kernel.logger,
      updateState: (changed, state, meta) => storeProgress(kernel, { ...facts, message: changed }, state, meta),
      sendEvent: (type, fields) => kernel.events.send(type, fields, { hostname }),
    };
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
  const { heapUsed, external, rss } = process.memoryUsage();
  return Math.round((isMainThread ? rss : heapUsed + external) / 1_024);
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
