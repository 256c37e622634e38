import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { type AsyncResult, chain, chord } from '@ctq/core';
import type { Report } from './analysis.js';
import { computeAlone } from './check.js';
import { filesUnder } from './files.js';
import { progressBar } from './progress-bar.js';
import { startWorker, type WorkerProcess } from './workers.js';

const usage = `npm run demo [-- FOLDER]

Analyses every file under FOLDER (default: this repository) with two worker processes, one of which is killed on the way.
CTQ_BROKER_URL and CTQ_RESULT_BACKEND lead it to another broker; without them it uses an SQLite file of its own.`;

if (process.argv.includes('--help') || process.argv.includes('-h')) {
  process.stdout.write(`${usage}\n`);
} else {
  process.exitCode = await demo(resolve(process.argv[2] ?? fileURLToPath(new URL('../../..', import.meta.url))));
}

/** Runs the pipeline; 0 when its report agrees with the computation without a queue. */
async function demo(folder: string): Promise<number> {
  const paths = await filesUnder(folder);
  if (paths.length === 0) {
    process.stderr.write(`There are no files under ${folder}.\n`);
    return 2;
  }
  const state = process.env['CTQ_BROKER_URL'] === undefined ? await ownBroker() : undefined;
  // The module reads the environment when it is loaded, as in any program of one's own.
  const { analyse, app, classify, report } = await import('./tasks.js');
  const workers: WorkerProcess[] = [];
  try {
    process.stdout.write(`Analysing ${paths.length} files under ${folder}\nbroker   ${(await app.transport()).url}\n`);
    for (const name of ['first', 'second']) workers.push(startWorker(name));
    await Promise.all(workers.map((worker) => worker.ready));
    const startedAt = performance.now();
    const pipeline = chord(
      paths.map((path) => chain(analyse.s(path), classify.s())),
      report.s(),
    );
    const result = await pipeline.delay();
    const over = new AbortController();
    const reported = result.get({ timeout: '10m' }).finally(() => over.abort());
    const [found] = await Promise.all([reported, watch(result, paths.length, workers, over.signal)]);
    const seconds = (performance.now() - startedAt) / 1_000;
    print(found, folder, seconds, workers[1]);
    return await agrees(found, paths);
  } catch (error) {
    process.stderr.write(`\nThe pipeline failed: ${error instanceof Error ? error.message : String(error)}\n`);
    for (const worker of workers)
      process.stderr.write(`\nLast lines of worker '${worker.name}':\n${worker.lastLines()}\n`);
    return 1;
  } finally {
    for (const worker of workers) worker.kill('SIGTERM');
    await Promise.all(workers.map((worker) => worker.exited));
    await app.close();
    if (state !== undefined) await rm(state, { recursive: true, force: true });
  }
}

/** Draws the progress until the work is over, and kills the first worker once a third of the files is done. */
async function watch(
  result: AsyncResult<Report>,
  total: number,
  [victim]: readonly WorkerProcess[],
  over: AbortSignal,
): Promise<void> {
  const bar = progressBar();
  let killed = false;
  for (let done = 0; done < total && !over.aborted; ) {
    // The parent of a chord's result is its header.
    const header = result.parent;
    done = header !== undefined && 'completedCount' in header ? await header.completedCount() : total;
    bar.draw(done, total, killed ? 'one worker left' : 'two workers');
    if (!killed && done >= total / 3) {
      killed = true;
      victim?.kill('SIGKILL');
      await victim?.exited;
      bar.note(
        `kill -9 of worker '${victim?.name}' after ${done} files: what it was doing comes back when its lease runs out`,
      );
    }
    if (done < total) await new Promise((resume) => setTimeout(resume, 50));
  }
  bar.end();
}

function print(report: Report, folder: string, seconds: number, survivor: WorkerProcess | undefined): void {
  const rows: [string, string | number][] = [
    ['files', report.files],
    ['bytes', report.bytes],
    ['lines', report.lines],
    ['words', report.words],
    ['longest line', report.longestLine],
    ['files retried', report.retriedFiles],
    ['retries seen by the survivor', survivor?.retries() ?? 0],
    [
      'most frequent words',
      report.topWords
        .slice(0, 5)
        .map(([word, count]) => `${word} ${count}`)
        .join(', '),
    ],
    [
      'kinds',
      Object.entries(report.byKind)
        .sort(([, m], [, n]) => n - m)
        .slice(0, 6)
        .map(([kind, count]) => `${kind} ${count}`)
        .join(', '),
    ],
    ['fingerprint', report.fingerprint.slice(0, 16)],
    ['seconds', seconds.toFixed(1)],
  ];
  const widest = Math.max(...rows.map(([name]) => name.length));
  process.stdout.write(`\n${relative(process.cwd(), folder) || '.'}\n`);
  for (const [name, value] of rows) process.stdout.write(`  ${name.padEnd(widest)}  ${value}\n`);
}

async function agrees(report: Report, paths: readonly string[]): Promise<number> {
  const { retriedFiles: _, ...found } = report;
  const expected = await computeAlone(paths);
  if (isDeepStrictEqual(JSON.parse(JSON.stringify(found)), JSON.parse(JSON.stringify(expected)))) {
    process.stdout.write(
      '\nThe report agrees with the computation without a queue: nothing was lost, nothing was counted twice.\n',
    );
    return 0;
  }
  process.stderr.write(
    `\nThe report differs from the computation without a queue:\n${JSON.stringify({ found, expected }, null, 2)}\n`,
  );
  return 1;
}

/** An SQLite file of this run's own, with a short lease, so that the killed worker's tasks are back soon. Workers inherit it. */
async function ownBroker(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'ctq-demo-'));
  const file = join(folder, 'demo.sqlite');
  process.env['CTQ_BROKER_URL'] = `sqlite://${file}?leaseDuration=3s`;
  process.env['CTQ_RESULT_BACKEND'] = `sqlite://${file}`;
  return folder;
}
