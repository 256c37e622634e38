import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { celeryProgram } from '../celery-program.js';
import type { Figure } from '../measure.js';
import { answerOf } from './answer-of.js';
import { eventStream } from './event-stream.js';

// Built, also where this runs from its source.
const ctqProgram = fileURLToPath(new URL('../../dist/events/play-state.js', import.meta.url));

interface Played {
  readonly seconds: number;
  readonly heapMiB?: number;
  readonly tasks: number;
  readonly workers: number;
}

/** How fast the state of a cluster takes in events, in ctq and in Celery: the same ones, read from a file before. */
export async function stateFigures(tasks: number): Promise<readonly Figure[]> {
  const folder = await mkdtemp(join(tmpdir(), 'ctq-bench-'));
  try {
    const file = join(folder, 'events.jsonl');
    const events = [...eventStream(tasks)];
    await writeFile(file, events.map((event) => `${JSON.stringify(event)}\n`).join(''));
    const ctq = (await answerOf({ command: process.execPath, args: [ctqProgram, file] })) as Played;
    const site = { url: 'memory://', stores: false };
    const celery = (await answerOf(await celeryProgram(site, ['events_state.py', file]))) as Played;
    if (ctq.tasks !== celery.tasks || ctq.workers !== celery.workers)
      throw new Error(`The states are not the same: ${JSON.stringify({ ctq, celery })}`);
    return [
      {
        name: 'state of a cluster: ctq',
        value: events.length / ctq.seconds,
        unit: 'events/s',
        expected: { atLeast: 100_000 },
        beside: { Celery: 'state of a cluster: Celery' },
      },
      { name: 'state of a cluster: Celery', value: events.length / celery.seconds, unit: 'events/s' },
      {
        name: `heap of a state of ${ctq.workers} workers and ${ctq.tasks} tasks`,
        value: ctq.heapMiB ?? Number.NaN,
        unit: 'MiB',
      },
    ];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
