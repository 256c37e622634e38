import { type Clock, systemClock, type Timer, toError } from '@ctq/runtime';
import type { Redis } from 'ioredis';

/** How often a connection with commands under way is looked at. */
const tickMs = 250;

/** Ticks without a byte of an answer after which a connection is doubted: 2 s. */
const doubtAfterTicks = 8;

/** Ticks without a byte of an answer after which it is given up, whatever else is known: 8 s. */
const giveUpAfterTicks = 32;

/** Ticks that a refuted connection is given for an answer that is on its way. */
const graceTicks = 1;

/** Large commands take their time although nothing comes back meanwhile: a tick more for each so many bytes that are unanswered, up to so many ticks. */
const upload = { bytesPerTick: 128 * 1_024, maxTicks: 16 };

export interface LivenessOptions {
  /** Asks by itself (PING) when nothing was received for so long: for connections that only listen. Without it there is nothing to miss while nothing is asked. */
  readonly probeEveryMs?: number;
  /** Whether anybody is in a hurry to hear; it does not ask by itself while nobody is. Default: always. */
  readonly isProbed?: () => boolean;
  readonly clock?: Clock;
}

/**
 * Ends a connection that is there for TCP but leads nowhere: behind a firewall that forgot it, a proxy that hangs, a host that vanished. Commands under way are
 * rejected then as with any lost connection. It costs no command and no timer while none is under way.
 * ```
 * idle ──command──► waiting ──2 s without a byte──► doubted ──byte──► waiting
 *   ▲                  │                               ├─ a second connection is answered, this one is not ─► ended
 *   └── all answered ──┘                               └─ 8 s without a byte ────────────────────────────────► ended
 * ```
 * A server works on what it receives in the order of arrival: when it has answered on a connection that was made later, and still nothing comes back on this
 * one, nothing will. One that answers nobody (a slow script, a fork, a stopped process) is waited for: ending the connection would
 * only have everything done twice. Time is counted in ticks, so that a process whose own event loop was blocked does not take that for silence.
 */
export class Liveness {
  readonly #client: Redis;
  readonly #clock: Clock;
  #tick: Timer | undefined;
  readonly #isProbed: () => boolean;
  #probe: Timer | undefined;
  /** Bytes received when the probe last looked. */
  #heard = -1;
  #stream: Redis['stream'] | undefined;
  #read = 0;
  /** Bytes handed to the kernel when something was last heard, and when last looked. */
  #writtenWhenRead = 0;
  #written = 0;
  #silentTicks = 0;
  #second: Redis | undefined;
  /** Ticks since the second connection was answered. */
  #refutedTicks: number | undefined;

  /** To be called before the client connects. */
  constructor(client: Redis, { probeEveryMs, isProbed = () => true, clock = systemClock }: LivenessOptions) {
    this.#client = client;
    this.#isProbed = isProbed;
    this.#clock = clock;
    // Every command goes through it, those of pipelines and of the handshake too (ioredis 6 built/Redis.js, Pipeline.js).
    const send = client.sendCommand.bind(client);
    client.sendCommand = (command, stream) => {
      if (this.#tick === undefined) this.#wait();
      return send(command, stream);
    };
    client.on('close', () => this.#rest());
    if (probeEveryMs !== undefined) {
      client.once('ready', () => this.#armProbe(probeEveryMs));
      client.on('end', () => this.#probe?.cancel());
    }
  }

  /** Only what comes from here on counts. */
  #wait(): void {
    const { stream } = this.#client;
    if (stream !== undefined) {
      this.#hasMoved(stream);
      this.#writtenWhenRead = this.#written;
    }
    this.#arm();
  }

  #arm(): void {
    this.#tick = this.#clock.setTimer(() => this.#look(), tickMs, { background: true });
  }

  #rest(): void {
    this.#tick?.cancel();
    this.#tick = undefined;
    this.#silentTicks = 0;
    this.#believe();
  }

  #look(): void {
    const { stream } = this.#client;
    if (this.#client.commandQueue.length === 0) return this.#rest();
    this.#arm();
    if (this.#hasMoved(stream)) {
      this.#silentTicks = 0;
      this.#believe();
      return;
    }
    this.#silentTicks += 1;
    const silentMs = this.#silentTicks * tickMs;
    if (this.#refutedTicks !== undefined) this.#refutedTicks += 1;
    if (this.#refutedTicks !== undefined && this.#refutedTicks > graceTicks)
      stream.destroy(
        new Error(`Redis answers new connections, but not this one, which was silent for ${silentMs} ms.`),
      );
    else if (this.#silentTicks >= giveUpAfterTicks)
      stream.destroy(new Error(`Redis has not answered for ${silentMs} ms.`));
    else if (this.#silentTicks >= doubtAfterTicks + this.#uploadTicks()) this.#doubt();
  }

  #uploadTicks(): number {
    const unanswered = this.#written - this.#writtenWhenRead;
    return Math.min(Math.floor(unanswered / upload.bytesPerTick), upload.maxTicks);
  }

  /** Whether anything was received, or handed on to be sent, since the last look. */
  #hasMoved(stream: Redis['stream']): boolean {
    const { bytesRead, bytesWritten, writableLength } = stream;
    const written = bytesWritten - writableLength;
    const isNew = stream !== this.#stream;
    const hasRead = isNew || bytesRead !== this.#read;
    const hasMoved = hasRead || (this.#written !== written && writableLength > 0);
    if (hasRead) this.#writtenWhenRead = written;
    this.#stream = stream;
    this.#read = bytesRead;
    this.#written = written;
    return hasMoved;
  }

  /** Makes a second connection, in the same way, and asks there. Tried again at the next tick where that fails. */
  #doubt(): void {
    if (this.#second !== undefined) return;
    const second = this.#client.duplicate({
      lazyConnect: true,
      connectionName: 'ctq-probe',
      retryStrategy: () => null,
    });
    // Whatever is wrong with it is no evidence.
    second.on('error', () => undefined);
    this.#second = second;
    this.#ask(second).then(
      () => {
        if (this.#second === second) this.#refutedTicks = 0;
        drop(second);
      },
      () => {
        if (this.#second === second) this.#second = undefined;
        drop(second);
      },
    );
  }

  async #ask(second: Redis): Promise<void> {
    await second.connect();
    // Not PING: that is answered while the server holds writes back for a failover (CLIENT PAUSE), as those of the doubted connection.
    await second.eval('return 1', 0).catch((error: unknown) => {
      // A refusal is an answer.
      if (second.status !== 'ready') throw toError(error);
    });
  }

  #believe(): void {
    const second = this.#second;
    this.#second = undefined;
    this.#refutedTicks = undefined;
    if (second !== undefined) drop(second);
  }

  #armProbe(everyMs: number): void {
    this.#probe = this.#clock.setTimer(
      () => {
        this.#armProbe(everyMs);
        const { status, stream } = this.#client;
        if (status !== 'ready' || !this.#isProbed()) return;
        if (stream.bytesRead !== this.#heard) this.#heard = stream.bytesRead;
        else {
          // A connection that is lost meanwhile says so itself.
          const answered = this.#client.ping().catch(() => undefined);
          void answered.then(() => (this.#heard = stream.bytesRead));
        }
      },
      everyMs,
      { background: true },
    );
  }
}

function drop(client: Redis): void {
  client.disconnect();
  client.stream?.destroy();
}
