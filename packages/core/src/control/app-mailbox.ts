import { type Connection, type ContentCodec, type LamportClock, Mailbox, MailboxLayout } from '@ctq/messaging';
import type { Clock, Logger } from '@ctq/runtime';
import type { Settings } from '../config/settings.js';

export interface AppMailboxOptions {
  readonly settings: () => Settings;
  readonly content: () => ContentCodec;
  readonly logicalClock: LamportClock;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly publishing: () => Promise<Connection>;
  readonly connect: () => Promise<Connection>;
}

/** The mailbox of an app: made at its first use (celery 5.6 app/control.py, Control.__init__). */
export class AppMailbox {
  readonly #options: AppMailboxOptions;
  #layout: MailboxLayout | undefined;
  #mailbox: Mailbox | undefined;

  constructor(options: AppMailboxOptions) {
    this.#options = options;
  }

  /** @throws ConfigurationError for settings that cannot be together. */
  get layout(): MailboxLayout {
    this.#layout ??= layoutOf(this.#options.settings());
    return this.#layout;
  }

  get mailbox(): Mailbox {
    const { settings, content, logicalClock, clock, logger, publishing, connect } = this.#options;
    this.#mailbox ??= new Mailbox({
      ...{ layout: this.layout, content: content(), logicalClock, clock, logger, publishing, connect },
      serializer: settings().taskSerializer,
      retry: settings().taskPublishRetry ? settings().taskPublishRetryPolicy : false,
    });
    return this.#mailbox;
  }

  /** Idempotent. */
  async close(): Promise<void> {
    await this.#mailbox?.close();
  }
}

function layoutOf(settings: Settings): MailboxLayout {
  return new MailboxLayout({
    namespace: settings.controlExchange,
    queueTtl: settings.controlQueueTtl,
    queueExpires: settings.controlQueueExpires,
    queueDurable: settings.controlQueueDurable,
    queueExclusive: settings.controlQueueExclusive,
  });
}
