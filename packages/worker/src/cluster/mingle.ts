import type { Ctq } from '@ctq/core';
import { type Connection, Mailbox, type NodeReply } from '@ctq/messaging';
import { Deadline, type Logger, type Service, toError } from '@ctq/runtime';
import type { Revocations } from '../revoke/revocations.js';
import { ServiceLife } from '../service-life.js';
import { decodeRevoked, encodeRevoked } from './revoked-map.js';

/** Celery's: the search is over when for so long nobody has answered. */
const patienceMs = 1_000;
/** However the broker is: a worker that cannot ask starts without. */
const longestMs = 10_000;

export interface MingleOptions {
  readonly app: Ctq;
  /** Node name. */
  readonly name: string;
  readonly logger: Logger;
  readonly revocations: Revocations;
  /** The worker's own, to see how far it reaches. */
  readonly connection: () => Connection;
}

/**
 * Asks the other workers, when this one starts, which calls are revoked, and brings its logical clock on (celery 5.6 worker/consumer/mingle.py, Mingle). Where the app has a
 * store the revoked calls are known from there: nobody waits for the answers then, and what they say is added when they come.
 */
export class Mingle implements Service {
  readonly name = 'mingle';
  readonly #options: MingleOptions;
  readonly #life = new ServiceLife('mingle');
  readonly #closing = new AbortController();
  #searching: Promise<void> | undefined;

  constructor(options: MingleOptions) {
    this.#options = options;
  }

  get failed(): Promise<Error> {
    return this.#life.failed;
  }

  start(signal: AbortSignal): Promise<void> {
    return this.#life.start(signal, async (pending) => {
      // Others than those that share a broker over a network are in this process or on this host, where nothing has to be asked.
      if (this.#options.connection().transport.supports.reach !== 'network') return;
      const knowsRevoked = await this.#hasStore();
      pending.throwIfAborted();
      const giveUp = (): void => this.#closing.abort(pending.reason);
      pending.addEventListener('abort', giveUp, { once: true });
      this.#searching = this.#search().finally(() => pending.removeEventListener('abort', giveUp));
      if (!knowsRevoked) await this.#searching;
      pending.throwIfAborted();
    });
  }

  async stop(deadline: Deadline): Promise<void> {
    this.#closing.abort(new Error('The worker stops.'));
    await deadline.wait(this.#life.stopping());
    if (this.#searching !== undefined) await deadline.wait(this.#searching);
  }

  /** One that is away knows nothing either. */
  #hasStore(): Promise<boolean> {
    return this.#options.app.kernel.store().then(
      () => true,
      () => false,
    );
  }

  /** Never rejects: a worker starts without its neighbours as well. */
  async #search(): Promise<void> {
    const { logger } = this.#options;
    logger.info('mingle: searching for neighbors');
    try {
      const replies = (await this.#ask()).filter(({ node }) => node !== this.#options.name);
      if (replies.length === 0) return logger.info('mingle: all alone');
      const known = replies.filter(({ value }) => value !== null && value !== undefined);
      logger.info(`mingle: sync with ${known.length} nodes`);
      for (const reply of known) this.#syncWith(reply);
      logger.info('mingle: sync complete');
    } catch (error) {
      if (!this.#closing.signal.aborted) logger.warn({ err: toError(error) }, "mingle: couldn't ask the neighbors");
    }
  }

  /** Over connections for this alone: the worker does not ask for anything again. */
  async #ask(): Promise<readonly NodeReply[]> {
    const { app, name, logger, revocations } = this.#options;
    const { kernel } = app;
    const { settings, clock, content, logicalClock, mailboxLayout: layout } = kernel;
    const mailbox = new Mailbox({
      ...{ layout, content, logicalClock, clock, logger },
      serializer: settings.taskSerializer,
      publishing: () => kernel.publishing(),
      connect: () => app.connect(),
      retry: settings.taskPublishRetry ? settings.taskPublishRetryPolicy : false,
    });
    const tooLong = new AbortController();
    const timer = clock.setTimer(() => tooLong.abort(new Error('It takes too long.')), longestMs, { background: true });
    try {
      const args = { from_node: name, revoked: encodeRevoked(revocations.entries()) };
      const signal = AbortSignal.any([this.#closing.signal, tooLong.signal]);
      return await mailbox.ask('hello', args, { timeoutMs: patienceMs, signal });
    } finally {
      timer.cancel();
      await Deadline.after(patienceMs, clock).wait(mailbox.close());
    }
  }

  #syncWith({ node, value }: NodeReply): void {
    const { app, logger, revocations } = this.#options;
    const { logicalClock, clock } = app.kernel;
    logger.debug({ node }, `mingle: processing reply from ${node}`);
    if (typeof value !== 'object' || value === null || !('revoked' in value)) {
      logger.error({ node, reply: value }, `mingle: sync with ${node} failed: it is no answer to hello`);
      return;
    }
    const { revoked, clock: theirs } = value as { readonly revoked: unknown; readonly clock?: unknown };
    logicalClock.adjust(theirs);
    revocations.add(decodeRevoked(revoked, clock.now()));
  }
}
