import { existsSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';
import { Ctq } from '@ctq/core';

/** A module that throws when a slot loads it, as long as the file is there that its URL names: `?%2Ftmp%2Fmark`. */
export const app = new Ctq('nasty', { broker: 'memory://', backend: 'memory://' });

const mark = decodeURIComponent(new URL(import.meta.url).search.slice(1));
const isSlot = !isMainThread || process.argv.includes('--ctq-pool-slot');
if (isSlot && existsSync(mark)) throw new Error('there is no place for me in a slot');

export const add = app.task('add', (x: number, y: number) => x + y);
export const exits = app.task('exits', { rejectOnWorkerLost: false }, (): number => process.exit(3));
