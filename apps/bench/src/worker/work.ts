import { pbkdf2Sync } from 'node:crypto';
import { openSync, writeSync } from 'node:fs';

/**
 * The tasks of the comparison, each contender's under these names, and what they are called with. What they do is the same in Node (here) and in Python
 * (`contender.py`).
 */
export interface Work {
  /** A no-op whose result is stored. */
  readonly add: readonly [x: number, y: number];
  /** A no-op without a result, as are all that follow but `stamp`. */
  readonly forget: readonly [x: number, y: number];
  /** A no-op with a limit over all workers, for each x. */
  readonly limited: readonly [x: number, y: number];
  /** Waits for so many ms, as for an answer of another server. */
  readonly wait: readonly [ms: number];
  /** Keeps a core busy for so many rounds: the work is what is the same, not the time, which gets longer where cores are missing. */
  readonly burn: readonly [rounds: number];
  /** How many ms after `sentAt` it began. */
  readonly stamp: readonly [sentAt: number];
  /** Never ends by itself, and never gives the event loop back; notes in a file that it lives. Has a time limit of 100 ms where there are limits. */
  readonly hang: readonly [pulse: string];
}

/** Milliseconds of the clock that all processes of a machine share, CLOCK_MONOTONIC. Python's `time.monotonic_ns()` reads the same one. */
export function sharedNow(): number {
  return Number(process.hrtime.bigint()) / 1_000_000;
}

export function burn(rounds: number): void {
  // OpenSSL does it in Python, too, and just as fast.
  pbkdf2Sync('ctq', 'salt', rounds, 32, 'sha256');
}

export function stamp(sentAt: number): number {
  return sharedNow() - sentAt;
}

export function hang(pulse: string): never {
  const file = openSync(pulse, 'w');
  for (;;) writeSync(file, `${process.pid} ${sharedNow().toFixed(6)}\n`.padStart(pulseLength), 0);
}

/** So that each note covers the one before. */
const pulseLength = 48;
