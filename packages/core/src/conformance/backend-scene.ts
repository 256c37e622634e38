import { randomUUID } from 'node:crypto';
import { createContentCodec } from '@ctq/messaging';
import { type Clock, silentLogger } from '@ctq/runtime';
import type { ResultBackend } from '../backend/result-backend.js';
import { createResultCodec } from '../result/result-codec.js';
import type { ResultRecord } from '../result/result-record.js';

export interface BackendSceneOptions {
  readonly create: () => ResultBackend;
  readonly clock: Clock;
  readonly patienceMs: number;
  readonly passTime: (ms: number) => Promise<void>;
}

export interface OpenOptions {
  readonly expiresMs?: number;
  readonly signal?: AbortSignal;
}

/** Backends with ids of their own, for one case. */
export class BackendScene {
  readonly patienceMs: number;
  readonly #options: BackendSceneOptions;
  readonly #opened: ResultBackend[] = [];

  constructor(options: BackendSceneOptions) {
    this.#options = options;
    this.patienceMs = options.patienceMs;
  }

  /** Each call is another client of the same store. */
  async open(options: OpenOptions = {}): Promise<ResultBackend> {
    const { expiresMs = 3_600_000, signal = new AbortController().signal } = options;
    const backend = this.#options.create();
    this.#opened.push(backend);
    const codec = createResultCodec(createContentCodec(), 'json');
    await backend.open({ clock: this.#options.clock, logger: silentLogger, codec, expiresMs }, signal);
    return backend;
  }

  passTime(ms: number): Promise<void> {
    return this.#options.passTime(ms);
  }

  async close(): Promise<void> {
    for (const backend of this.#opened) await backend.close();
  }
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
