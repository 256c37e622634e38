/** Bytes of the activity note; longer ones are cut. */
const activityBytes = 256;
const activityAt = 40;
const size = activityAt + activityBytes;

const heartbeat = 0;
const confirmedAt = 1;
const generation = 2;
const holding = 6;
const activityLength = 7;

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const scratch = new Uint8Array(activityBytes);

/**
 * What the main loop and the keeper thread tell each other about one holder's lease, in shared memory, so that neither waits for the
 * other's event loop. Times are milliseconds of the host's monotonic clock (`process.hrtime`), which all threads share; they are
 * kept as whole nanoseconds, because 64-bit integers are what `Atomics` reads and writes in one piece.
 *
 * | writer | slots |
 * |---|---|
 * | main loop | heartbeat, whether anything is held, activity; the renewals while no keeper runs |
 * | keeper | the renewals while it runs |
 */
export class LeaseState {
  readonly buffer: SharedArrayBuffer;
  readonly #times: BigInt64Array;
  readonly #words: Int32Array;
  readonly #activity: Uint8Array;

  constructor(buffer: SharedArrayBuffer = new SharedArrayBuffer(size)) {
    this.buffer = buffer;
    this.#times = new BigInt64Array(buffer, 0, 3);
    this.#words = new Int32Array(buffer, 0, activityAt / 4);
    this.#activity = new Uint8Array(buffer, activityAt, activityBytes);
  }

  /** The main loop turned at this time. */
  get heartbeatAt(): number {
    return this.#time(heartbeat);
  }

  beat(at: number): void {
    this.#setTime(heartbeat, at);
  }

  /** The start of the last renewal that the store confirmed: the lease runs at least its duration from here. */
  get confirmedAt(): number {
    return this.#time(confirmedAt);
  }

  /** How many times a lease may have run out before it was renewed. A delivery taken before an interruption may be someone else's since. */
  get generation(): number {
    return Number(Atomics.load(this.#times, generation));
  }

  /** A lease began with messages that were taken while nothing was held. */
  begin(at: number): void {
    if (at > this.confirmedAt) this.#setTime(confirmedAt, at);
  }

  /** A renewal was confirmed. When the lease may have run out before, a new generation begins. */
  confirm(startedAt: number, finishedAt: number, durationMs: number): void {
    if (finishedAt >= this.confirmedAt + durationMs) Atomics.add(this.#times, generation, 1n);
    this.#setTime(confirmedAt, startedAt);
  }

  get isHolding(): boolean {
    return Atomics.load(this.#words, holding) === 1;
  }

  set isHolding(value: boolean) {
    Atomics.store(this.#words, holding, value ? 1 : 0);
  }

  /** What the main loop is doing. It is read when that loop is blocked, so it does not change under the reader. */
  get activity(): string {
    const length = Atomics.load(this.#words, activityLength);
    return decoder.decode(this.#activity.slice(0, length));
  }

  set activity(text: string) {
    const { written } = encoder.encodeInto(text, scratch);
    Atomics.store(this.#words, activityLength, 0);
    this.#activity.set(scratch);
    Atomics.store(this.#words, activityLength, written);
  }

  #time(slot: number): number {
    return Number(Atomics.load(this.#times, slot)) / 1e6;
  }

  #setTime(slot: number, at: number): void {
    Atomics.store(this.#times, slot, BigInt(Math.round(at * 1e6)));
  }
}

/** Milliseconds of the clock that all threads of a host share. */
export function threadSharedNow(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
