import { errorRepr, type Kernel } from '@ctq/core';
import { type Connection, MailboxNode } from '@ctq/messaging';
import { ConfigurationError, Deadline, type Logger, type Service, toError } from '@ctq/runtime';
import { ServiceLife } from '../service-life.js';

export interface ControlServiceOptions {
  readonly kernel: Kernel;
  /** Node name. */
  readonly name: string;
  readonly logger: Logger;
  readonly connection: () => Connection;
  readonly run: (command: string, args: Readonly<Record<string, unknown>>) => unknown;
  /** Resolves when what commands have begun beside their answers is over. */
  readonly settled: () => Promise<void>;
}

/** A worker that cannot listen by then starts without, and goes on trying: it may not be allowed to. */
const longestStartMs = 10_000;

/** How long a stop waits for that. */
const settleMs = 2_000;

/** Does what it is told by control messages (celery 5.6 worker/pidbox.py, Pidbox). */
export class ControlService implements Service {
  readonly name = 'remote control';
  readonly #kernel: Kernel;
  readonly #logger: Logger;
  /** What is revoked is known from the store of the app then. */
  #hasStore = false;
  readonly #life = new ServiceLife('remote control');
  readonly #node: MailboxNode;
  readonly #settled: () => Promise<void>;

  constructor({ kernel, name, logger, connection, run, settled }: ControlServiceOptions) {
    const { settings } = kernel;
    this.#settled = settled;
    this.#kernel = kernel;
    this.#logger = logger;
    this.#node = new MailboxNode({
      ...{ name, logger, connection },
      layout: kernel.mailboxLayout,
      content: kernel.content,
      serializer: settings.taskSerializer,
      logicalClock: kernel.logicalClock,
      publishing: () => kernel.publishing(),
      handle: run,
      describeError: errorRepr,
      passesOver: ({ isStored }) => isStored && this.#hasStore,
      retry: settings.taskPublishRetry ? settings.taskPublishRetryPolicy : false,
    });
  }

  get failed(): Promise<Error> {
    return this.#life.failed;
  }

  start(signal: AbortSignal): Promise<void> {
    return this.#life.start(signal, async (pending) => {
      this.#hasStore = await hasStore(this.#kernel);
      const started = this.#node.start(pending);
      if (await Deadline.after(longestStartMs, this.#kernel.clock).wait(started)) return;
      this.#logger.warn("Couldn't listen to remote control yet; going on without until then");
      started.catch((error: unknown) => {
        if (!pending.aborted) this.#logger.error({ err: toError(error) }, 'There is no remote control');
      });
    });
  }

  async stop(deadline: Deadline): Promise<void> {
    await deadline.wait(this.#life.stopping());
    await deadline.wait(this.#node.close());
    await deadline.within(settleMs).wait(this.#settled());
  }
}

/** One that is away just now is one too. */
async function hasStore(kernel: Kernel): Promise<boolean> {
  try {
    await kernel.store();
    return true;
  } catch (error) {
    return !ConfigurationError.isInstance(error);
  }
}
