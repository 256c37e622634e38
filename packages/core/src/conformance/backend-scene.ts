import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { createContentCodec } from '@ctq/messaging';
import { type Clock, silentLogger } from '@ctq/runtime';
import type { BackendBroker, ResultBackend } from '../backend/result-backend.js';
import { createResultCodec } from '../result/result-codec.js';
import type { RecordToStore, ResultRecord } from '../result/result-record.js';
import { until } from './patience.js';

export interface BackendSceneOptions {
  readonly create: () => ResultBackend;
  readonly broker: (() => BackendBroker) | undefined;
  readonly clock: Clock;
  readonly patienceMs: number;
  readonly passTime: (ms: number) => Promise<void>;
}

export interface OpenOptions {
  readonly expiresMs?: number;
  readonly signal?: AbortSignal;
}

/**
 * Backends with ids of their own, for one case. The first one that is opened has sent all calls of the case: outcomes have its address, and where results travel it is the one
 * that hears of them.
 */
export class BackendScene {
  readonly patienceMs: number;
  readonly #options: BackendSceneOptions;
  readonly #opened: ResultBackend[] = [];
  #replyTo: string | undefined;

  constructor(options: BackendSceneOptions) {
    this.#options = options;
    this.patienceMs = options.patienceMs;
  }

  /** Each call is another client of the same store. */
  async open(options: OpenOptions = {}): Promise<ResultBackend> {
    const { expiresMs = 3_600_000, signal = new AbortController().signal } = options;
    const { create, clock } = this.#options;
    const backend = create();
    this.#opened.push(backend);
    const codec = createResultCodec(createContentCodec(), 'json');
    const broker = this.#options.broker?.();
    const context = { clock, logger: silentLogger, codec, expiresMs, ...(broker === undefined ? {} : { broker }) };
    await backend.open(context, signal);
    const replyTo = (this.#replyTo ??= broker?.replyTo ?? randomUUID());
    if (backend.supports.readers !== 'sender')
      return clientOf(backend, (records) => backend.store(addressed(records, replyTo)));
    backend.expectResult?.();
    return clientOf(backend, async (records) => {
      // What was stored has come when what is stored after it has.
      const last = record();
      await backend.store(addressed(records, replyTo));
      await backend.store(addressed([last], replyTo));
      await this.#arrivalOf(last.taskId);
    });
  }

  async #arrivalOf(taskId: string): Promise<void> {
    const [sender] = this.#opened;
    assert.ok(sender);
    await until(this.patienceMs, 'what was stored to arrive', async () => (await find(sender, taskId)) !== undefined);
  }

  passTime(ms: number): Promise<void> {
    return this.#options.passTime(ms);
  }

  async close(): Promise<void> {
    for (const backend of this.#opened) await backend.close();
  }
}

/** What a case is given: the backend, with another way to store. */
function clientOf(backend: ResultBackend, store: ResultBackend['store']): ResultBackend {
  const { notifier, groups, chords } = backend;
  return {
    spec: backend.spec,
    name: backend.name,
    url: backend.url,
    supports: backend.supports,
    open: (context, signal) => backend.open(context, signal),
    close: () => backend.close(),
    store,
    getMany: (taskIds) => backend.getMany(taskIds),
    forget: (taskIds) => backend.forget(taskIds),
    ...(backend.cleanup === undefined ? {} : { cleanup: backend.cleanup.bind(backend) }),
    ...(notifier === undefined ? {} : { notifier }),
    ...(groups === undefined ? {} : { groups }),
    ...(chords === undefined ? {} : { chords }),
  };
}

function addressed(records: readonly ResultRecord[], replyTo: string): readonly RecordToStore[] {
  return records.map((one) => ({ ...one, replyTo }));
}

/** A finished task, with what the case says of it. */
export function record(given: Partial<ResultRecord> = {}): ResultRecord {
  return {
    taskId: randomUUID(),
    status: 'SUCCESS',
    result: null,
    traceback: null,
    children: [],
    dateDone: '2030-01-02T03:04:05.678901+00:00',
    ...given,
  };
}

/** What a backend has of one task. */
export async function find(backend: ResultBackend, taskId: string): Promise<ResultRecord | undefined> {
  return (await backend.getMany([taskId])).get(taskId);
}
