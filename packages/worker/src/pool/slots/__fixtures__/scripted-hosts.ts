import { type Deferred, deferred } from '@ctq/runtime';
import type { SlotExit, SlotHost, SlotHostOptions, StartSlotHost } from '../slot-host.js';
import type { FromSlot, ToSlot } from '../slot-messages.js';

/** A slot without a thread or process: the test says what comes out of it, and when it ends. */
export class ScriptedHost implements SlotHost {
  readonly title: string;
  readonly sent: ToSlot[] = [];
  wasKilled = false;
  readonly #options: SlotHostOptions;
  readonly #exit: Deferred<SlotExit> = deferred();

  constructor(title: string, options: SlotHostOptions) {
    this.title = title;
    this.#options = options;
  }

  get exited(): Promise<SlotExit> {
    return this.#exit.promise;
  }

  send(message: ToSlot): void {
    this.sent.push(message);
    if (message.kind === 'close') this.ends(0);
  }

  /** Takes a while: it is gone when the test says so. */
  kill(): void {
    this.wasKilled = true;
  }

  says(message: FromSlot): void {
    this.#options.onMessage(message);
  }

  /** That a run has succeeded. */
  saysEnded(run: number, { wantsToBeTold = false }: { readonly wantsToBeTold?: boolean } = {}): void {
    const outcome = { kind: 'success', shown: `run ${run}`, runtimeMs: 1 } as const;
    this.says({ kind: 'ended', run, outcome, wantsToBeTold, memoryKiB: 1 });
  }

  ends(exitCode: number): void {
    this.#exit.resolve({ exitCode, signal: null, lastLines: [] });
  }

  /** Ids of the tasks that it was given. */
  get tasks(): readonly unknown[] {
    return this.sent.flatMap((message) => (message.kind === 'run' ? [message.job.message.headers['id']] : []));
  }
}

/** Hosts of a pool, in the order in which it starts them. */
export class ScriptedHosts {
  readonly all: ScriptedHost[] = [];
  /** What becomes of each new one. Ready at once, by default. */
  onStart: (host: ScriptedHost) => void = (host) => host.says({ kind: 'ready' });

  readonly start: StartSlotHost = (options) => {
    const host = new ScriptedHost(`slot ${this.all.length + 1}`, options);
    this.all.push(host);
    queueMicrotask(() => this.onStart(host));
    return host;
  };
}
