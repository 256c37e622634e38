import { bullmq, celery, type Contender, ctq } from './contender.js';
import type { Ending } from './recovery.js';

/** A contender as it is measured. */
export interface Entry {
  readonly name: string;
  readonly contender: Contender;
  /** How many tasks run at a time, but for those that wait. */
  readonly concurrency: number;
  /** No-ops of one drain: about a second's work, so that none takes the time of all others. */
  readonly noops: number;
  /** How many tasks of 20 ms wait at a time, and how many there are of them. Not where a slot would be needed for each and cannot be had. */
  readonly waits: readonly { readonly concurrency: number; readonly count: number }[];
  /** Whether its slots keep a core busy each. */
  readonly burns: boolean;
  /** How it ends code that hangs, or why it does not. */
  readonly ends: Ending | { readonly absent: string };
  /** Whether it has limits for each key, or why not. */
  readonly limits: true | { readonly absent: string };
  /** The entries that it is set in proportion to. */
  readonly beside: readonly string[];
}

const loop = {
  concurrency: 100,
  waits: [
    { concurrency: 100, count: 5_000 },
    { concurrency: 1_000, count: 10_000 },
  ],
  burns: false,
  ends: { absent: 'nothing ends code in the event loop' },
} as const;
const slots = { concurrency: 2, waits: [], burns: true, ends: 'time limit' } as const;
const one = { concurrency: 1, waits: [], burns: false } as const;

const noCeleryLimits = { absent: 'Celery has no limits for keys' };
const noBullmqLimits = { absent: 'only in BullMQ Pro' };
const loopLimits = { absent: 'measured in ctq async' };

export const entries: readonly Entry[] = [
  {
    ...loop,
    name: 'ctq async',
    contender: ctq('async'),
    noops: 15_000,
    limits: true,
    beside: ['Celery prefork', 'BullMQ'],
  },
  {
    ...one,
    name: 'ctq solo',
    contender: ctq('solo'),
    noops: 4_000,
    ends: loop.ends,
    limits: loopLimits,
    beside: ['Celery solo', 'BullMQ'],
  },
  {
    ...slots,
    name: 'ctq threads',
    contender: ctq('threads'),
    noops: 6_000,
    limits: loopLimits,
    beside: ['Celery prefork', 'BullMQ threads'],
  },
  {
    ...slots,
    name: 'ctq processes',
    contender: ctq('processes'),
    noops: 4_000,
    limits: loopLimits,
    beside: ['Celery prefork', 'BullMQ processes'],
  },
  {
    ...slots,
    name: 'Celery prefork',
    contender: celery('prefork'),
    noops: 800,
    waits: [{ concurrency: 100, count: 1_000 }],
    limits: noCeleryLimits,
    beside: [],
  },
  {
    ...one,
    name: 'Celery solo',
    contender: celery('solo'),
    noops: 500,
    ends: { absent: 'solo has no time limits' },
    limits: noCeleryLimits,
    beside: [],
  },
  {
    ...loop,
    name: 'BullMQ',
    contender: bullmq('loop'),
    noops: 6_000,
    limits: noBullmqLimits,
    beside: [],
  },
  {
    ...slots,
    name: 'BullMQ processes',
    contender: bullmq('processes'),
    noops: 2_000,
    ends: 'SIGKILL',
    limits: noBullmqLimits,
    beside: [],
  },
  {
    ...slots,
    name: 'BullMQ threads',
    contender: bullmq('threads'),
    noops: 2_000,
    ends: { absent: 'BullMQ has no time limits' },
    limits: noBullmqLimits,
    beside: [],
  },
];
