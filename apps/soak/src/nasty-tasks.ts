import { existsSync, writeFileSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { threadId } from 'node:worker_threads';
import { Ctq } from '@ctq/core';

/** Tasks that nobody would write on purpose. Where the broker is, the program says that imports it. */
export const app = new Ctq('nasty', { broker: 'memory://', backend: 'memory://' });

const once = { rejectOnWorkerLost: false } as const;

export const add = app.task('add', (x: number, y: number) => x + y);
export const exits = app.task('exits', once, (): number => process.exit(3));
export const neverSettles = app.task(
  'neverSettles',
  { timeLimit: '300ms' },
  () => new Promise<number>(() => undefined),
);
export const loops = app.task('loops', { timeLimit: '300ms' }, (): number => {
  for (;;);
});
export const throwsAfterAbort = app.task(
  'throwsAfterAbort',
  { bind: true, softTimeLimit: '100ms', timeLimit: '10s' },
  ({ signal }) =>
    new Promise<number>((_, reject) => {
      signal.addEventListener('abort', () => reject(new Error('torn in the middle')), { once: true });
    }),
);
export const rejectsUnheard = app.task('rejectsUnheard', once, () => {
  void Promise.reject(new Error('nobody listens to me'));
  return new Promise<number>(() => undefined);
});
export const brokenHook = app.task(
  'brokenHook',
  {
    onSuccess: () => {
      throw new Error('the hook is broken');
    },
  },
  () => 'fine',
);
export const huge = app.task('huge', (mebibytes: number) => 'x'.repeat(mebibytes * 1_024 * 1_024));
export const flood = app.task('flood', (lines: number) => {
  for (let line = 0; line < lines; line += 1) process.stderr.write(`line ${line}\n`);
  return lines;
});
export const floodsStdout = app.task('floodsStdout', (lines: number) => {
  for (let line = 0; line < lines; line += 1) console.log(`${'x'.repeat(200)} flood line ${line}`);
  return lines;
});
/** Leaves a child behind that outlives it, on its own stdout and stderr. */
export const forks = app.task('forks', () => {
  const child = spawn(process.execPath, ['-e', 'setTimeout(() => undefined, 2_000)'], { stdio: 'inherit' });
  child.unref();
  return typeof child.pid;
});
/** Leaves a child behind that has its stdout and stderr for a minute, and is to be ended itself. */
export const forksAndLoops = app.task('forksAndLoops', { timeLimit: '1s' }, (pidFile: string): number => {
  const child = spawn(process.execPath, ['-e', 'setTimeout(() => undefined, 60_000)'], { stdio: 'inherit' });
  writeFileSync(pidFile, String(child.pid));
  for (;;);
});
export const timers = app.task('timers', (count: number) => {
  for (let timer = 0; timer < count; timer += 1) setTimeout(() => undefined, 3_600_000);
  return count;
});
const hoard: unknown[] = [];
export const hoards = app.task('hoards', (mebibytes: number) => {
  // Small things: a thread's heap is what counts there.
  for (let mebibyte = 0; mebibyte < mebibytes; mebibyte += 1)
    hoard.push(Array.from({ length: 65_536 }, (_, index) => ({ index })));
  return `${process.pid}, thread ${threadId}`;
});
/** Takes its process down the first time. */
export const takesDown = app.task('takesDown', (how: 'exit' | 'rejection', mark: string) => {
  if (existsSync(mark)) return 'ran';
  writeFileSync(mark, '');
  if (how === 'exit') process.exit(3);
  void Promise.reject(new Error('nobody listens to me'));
  return new Promise<string>(() => undefined);
});
/** Hangs where nobody was before. */
export const hangsFirst = app.task('hangsFirst', (mark: string) => {
  if (existsSync(mark)) return 'ran';
  writeFileSync(mark, '');
  return new Promise<string>(() => undefined);
});
