import { type ChildProcess, execFile, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Ctq } from '@ctq/core';
import type { Place, Store } from './place.js';
import { processFigures } from './process-figures.js';
import { slope } from './statistics.js';
import type { work as Work } from './tasks.js';

const program = fileURLToPath(new URL('../dist/endurance-worker.js', import.meta.url));

export interface EnduranceOptions {
  readonly pool: string;
  readonly concurrency: number;
  readonly tasks: number;
  readonly onSample?: (sample: EnduranceSample, index: number) => void;
}

/** What the worker says of itself: bytes, after a collection, and counts. */
export interface EnduranceFigures {
  readonly rss: number;
  readonly heapUsed: number;
  readonly handles: number;
  readonly descriptors: number;
}

export interface EnduranceSample {
  readonly done: number;
  readonly rssMiB: number;
  readonly heapMiB: number;
  /** Of all slots that are processes. */
  readonly slotsRssMiB: number;
  readonly handles: number;
  readonly descriptors: number;
}

export interface EnduranceReport {
  readonly store: Store;
  /** After the first fifth, in which code is compiled and pools of memory are filled. */
  readonly samples: readonly EnduranceSample[];
  readonly rssBytesPerTask: number;
  readonly heapBytesPerTask: number;
  readonly slotBytesPerTask: number;
  readonly seconds: number;
}

/** How many times is measured. */
const measurements = 50;
const mebibyte = 1_024 * 1_024;

/** One worker does one portion after the other; between them it is measured. */
export async function lastLong(options: EnduranceOptions, { store, broker, backend }: Place): Promise<EnduranceReport> {
  const { pool, concurrency, tasks, onSample } = options;
  const startedAt = performance.now();
  const child = fork(program, [pool, String(concurrency)], {
    execArgv: ['--expose-gc'],
    env: { ...process.env, CTQ_BROKER_URL: broker, CTQ_RESULT_BACKEND: backend },
  });
  await using app = new Ctq('soak', { broker, backend });
  const work = app.remote<typeof Work>('soak.work');
  try {
    await answer(child);
    const portion = Math.floor(tasks / measurements);
    const samples: EnduranceSample[] = [];
    for (let done = portion; done <= tasks; done += portion) {
      const results = await Promise.all(Array.from({ length: portion }, (_, n) => work.delay(n, 0)));
      await Promise.all(results.map((result) => result.get({ timeout: '5m' })));
      const sample = await measure(child, done);
      onSample?.(sample, done / portion);
      if (done > tasks / 5) samples.push(sample);
    }
    const perTask = (of: (sample: EnduranceSample) => number): number =>
      slope(samples.map((sample) => [sample.done, of(sample) * mebibyte] as const));
    return {
      store,
      samples,
      rssBytesPerTask: perTask(({ rssMiB }) => rssMiB),
      heapBytesPerTask: perTask(({ heapMiB }) => heapMiB),
      slotBytesPerTask: perTask(({ slotsRssMiB }) => slotsRssMiB),
      seconds: (performance.now() - startedAt) / 1_000,
    };
  } finally {
    const exited = once(child, 'exit');
    if (child.exitCode === null && child.signalCode === null) {
      child.send('leave');
      await exited;
    }
  }
}

async function measure(child: ChildProcess, done: number): Promise<EnduranceSample> {
  child.send('figures');
  const { rss, heapUsed, handles, descriptors } = (await answer(child)) as EnduranceFigures;
  const { stdout } = await promisify(execFile)('ps', ['-o', 'pid=', '--ppid', String(child.pid)]).catch(
    // It has no slots that are processes.
    () => ({ stdout: '' }),
  );
  const slots = stdout.split('\n').map((pid) => (pid.trim() === '' ? undefined : processFigures(Number(pid))));
  return {
    done,
    rssMiB: rss / mebibyte,
    heapMiB: heapUsed / mebibyte,
    slotsRssMiB: slots.reduce((sum, figures) => sum + (figures?.rssMiB ?? 0), 0),
    handles,
    descriptors,
  };
}

/** Its next message. @throws Error when it ends without one. */
async function answer(child: ChildProcess): Promise<unknown> {
  const left = new AbortController();
  const { signal } = left;
  try {
    const [message] = (await Promise.race([
      once(child, 'message', { signal }),
      once(child, 'exit', { signal }).then(([code]) => {
        throw new Error(`The worker ended with ${code}.`);
      }),
    ])) as unknown[];
    return message;
  } finally {
    left.abort();
  }
}
