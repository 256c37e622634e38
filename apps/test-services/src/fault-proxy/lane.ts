import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';

/** What the faults of the moment make of a piece of a stream. */
export interface Handling {
  readonly delayMs: number;
  /** Nothing is forwarded before it resolves. */
  readonly stalled: Promise<void> | undefined;
  /** It goes byte by byte as long as this says so. */
  readonly trickles: (() => boolean) | undefined;
}

export interface LaneOptions {
  readonly from: Socket;
  readonly to: Socket;
  /** What becomes of a piece; undefined for one that does not arrive. */
  readonly handle: (chunk: Buffer) => Handling | undefined;
  readonly onForwarded: (bytes: number) => void;
}

/** One direction of a connection: forwards in order, as fast as the receiver takes it, and passes on the end of the stream. */
export class Lane {
  readonly #options: LaneOptions;
  readonly #waiting: { readonly chunk: Buffer; readonly handling: Handling; readonly dueAt: number }[] = [];
  #isPumping = false;
  #hasEnded = false;
  #isSilent = false;

  constructor(options: LaneOptions) {
    this.#options = options;
    const { from } = options;
    from.on('data', (chunk: Buffer) => this.#take(chunk));
    from.on('end', () => {
      this.#hasEnded = true;
      if (!this.#isPumping) this.#passEndOn();
    });
  }

  /** From now on it swallows everything, the end included. */
  silence(): void {
    this.#isSilent = true;
    this.#waiting.length = 0;
  }

  #take(chunk: Buffer): void {
    if (this.#isSilent) return;
    const handling = this.#options.handle(chunk);
    if (handling === undefined) return;
    this.#waiting.push({ chunk, handling, dueAt: performance.now() + handling.delayMs });
    if (!this.#isPumping) void this.#pump();
  }

  async #pump(): Promise<void> {
    const { from, to } = this.#options;
    this.#isPumping = true;
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      const { chunk, handling, dueAt } = next;
      const leftMs = handling.delayMs === 0 ? 0 : dueAt - performance.now();
      if (leftMs > 0) await sleep(leftMs, undefined, { ref: false });
      if (handling.stalled !== undefined) await handling.stalled;
      if (this.#isSilent) break;
      if (to.destroyed) return;
      if (handling.trickles !== undefined) await this.#trickle(chunk, handling.trickles);
      else if (!this.#write(chunk)) {
        from.pause();
        await Promise.race([once(to, 'drain'), once(to, 'close')]).catch(() => undefined);
        from.resume();
      }
    }
    this.#isPumping = false;
    if (this.#hasEnded) this.#passEndOn();
  }

  async #trickle(chunk: Buffer, trickles: () => boolean): Promise<void> {
    for (let at = 0; at < chunk.length; at += 1) {
      if (this.#isSilent || this.#options.to.destroyed) return;
      const goesOn = trickles();
      this.#write(goesOn ? chunk.subarray(at, at + 1) : chunk.subarray(at));
      if (!goesOn) return;
      await nextTurn();
    }
  }

  #write(bytes: Buffer): boolean {
    this.#options.onForwarded(bytes.length);
    return this.#options.to.write(bytes);
  }

  #passEndOn(): void {
    if (!this.#isSilent) this.#options.to.end();
  }
}
