import type { Socket } from 'node:net';
import type { Direction, Opening } from './fault.js';
import { type Handling, Lane } from './lane.js';

/** How much is kept of what a client said first. */
const greetingBytes = 512;

/** After its client's FIN a half-open connection is kept for so long. */
const abandonedMs = 10_000;

export interface ProxiedConnectionOptions {
  readonly number: number;
  readonly client: Socket;
  readonly server: Socket;
  /** What becomes of a piece of it; undefined for one that does not arrive. */
  readonly handle: (connection: ProxiedConnection, direction: Direction, chunk: Buffer) => Handling | undefined;
  readonly onForwarded: (direction: Direction, bytes: number) => void;
  readonly onClosed: (connection: ProxiedConnection) => void;
}

/** A client's connection and the one to the server that stands for it. */
export class ProxiedConnection implements Opening {
  readonly number: number;
  greeting: Buffer = Buffer.alloc(0);
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #lanes: readonly Lane[];
  #cutAtAnswer: (() => void) | undefined;
  #isSilent = false;

  constructor(options: ProxiedConnectionOptions) {
    const { client, server, handle, onForwarded, onClosed } = options;
    this.number = options.number;
    this.#client = client;
    this.#server = server;
    const lane = (from: Socket, to: Socket, direction: Direction): Lane =>
      new Lane({
        from,
        to,
        handle: (chunk) => {
          if (direction === 'to-server') this.#greet(chunk);
          else if (this.#cutAtAnswer !== undefined) {
            this.#cutAtAnswer();
            return undefined;
          }
          return handle(this, direction, chunk);
        },
        onForwarded: (bytes) => onForwarded(direction, bytes),
      });
    this.#lanes = [lane(client, server, 'to-server'), lane(server, client, 'to-client')];
    for (const socket of [client, server]) {
      socket.setNoDelay(true);
      // Whatever went wrong, its close follows.
      socket.on('error', () => undefined);
    }
    client.on('close', () => {
      server.destroySoon();
      onClosed(this);
    });
    server.on('close', () => {
      if (!this.#isSilent) client.destroySoon();
    });
    client.on('end', () => {
      // No answer to its FIN either. One that closed its socket meanwhile cannot be told from one that waits.
      if (this.#isSilent) setTimeout(() => client.destroy(), abandonedMs).unref();
    });
  }

  /** Stays open and forwards nothing any more. */
  silence(): void {
    this.#isSilent = true;
    for (const lane of this.#lanes) lane.silence();
  }

  /** RST to both sides. */
  reset(): void {
    this.silence();
    this.#server.resetAndDestroy();
    this.#client.resetAndDestroy();
  }

  /** FIN to both sides. What the server has received is its own to work on: it is not taken back by a RST. */
  close(): void {
    this.silence();
    this.#server.end();
    this.#client.destroySoon();
  }

  cut(by: 'reset' | 'close' | 'half-open'): void {
    if (by === 'half-open') return this.silence();
    if (by === 'close') return this.close();
    this.silence();
    this.#server.end();
    this.#client.resetAndDestroy();
  }

  /** At the next byte that the server sends, which does not arrive. */
  cutAtAnswer(cut: () => void): void {
    this.#cutAtAnswer = cut;
  }

  destroy(): void {
    this.#server.destroy();
    this.#client.destroy();
  }

  #greet(chunk: Buffer): void {
    if (this.greeting.length < greetingBytes)
      this.greeting = Buffer.concat([this.greeting, chunk]).subarray(0, greetingBytes);
  }
}
