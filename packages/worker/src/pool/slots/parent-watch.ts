import { Worker } from 'node:worker_threads';

/**
 * Ends the process of a slot when its worker is gone, from a thread: the loop of the slot may be blocked by a task, and nobody else is left to end that. To be
 * called once. It keeps nobody from leaving.
 */
export function watchParent(): void {
  new Worker(new URL('./parent-watch-thread.js', import.meta.url), {
    argv: [String(process.ppid)],
    // Without NODE_OPTIONS: what is preloaded in every thread (`--require`, `--import`) has no place in one this small.
    env: {},
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: 8, maxYoungGenerationSizeMb: 2, stackSizeMb: 1 },
  }).unref();
}
