import { Conversation } from './conversation.js';
import type { PythonSite } from './python-site.js';

/** A queue as Kombu is told of it. */
export interface KombuQueue {
  readonly name: string;
  /** The default exchange when there is none. */
  readonly exchange?: string;
  /** `broadcast` is a fan-out exchange as `kombu.common.Broadcast` describes it. */
  readonly type?: 'direct' | 'topic' | 'fanout' | 'broadcast';
  readonly routingKey?: string;
  readonly arguments?: Readonly<Record<string, unknown>>;
}

/** A message to publish; the body is written as Python writes it. */
export interface KombuMessage {
  readonly body: string;
  readonly exchange?: string;
  readonly type?: 'direct' | 'topic' | 'fanout';
  readonly routingKey: string;
  /** Written as Python writes them, too. */
  readonly headers?: string;
  /** Further arguments of `Producer.publish`. */
  readonly options?: Readonly<Record<string, unknown>>;
}

/** A message that Kombu received and acknowledged. */
export interface KombuReceived {
  readonly queue: string;
  /** Its `repr`. */
  readonly body: string;
  readonly routing_key: string;
  readonly priority: number | null;
  readonly redelivered: boolean;
  /** The `repr` of each. */
  readonly headers: Readonly<Record<string, string>>;
}

/** A program with Kombu and without Celery. */
export class KombuPeer implements AsyncDisposable {
  readonly #conversation: Conversation;

  constructor(python: string, site: PythonSite) {
    this.#conversation = new Conversation(python, 'kombu_peer.py', site);
  }

  /** Declares queues, their exchanges and bindings. */
  declare(queues: readonly KombuQueue[]): Promise<void> {
    return this.#conversation.tell('declare', ...queues.map(described));
  }

  publish(messages: readonly KombuMessage[]): Promise<void> {
    return this.#conversation.tell(
      'publish',
      messages.map(({ body, exchange = '', type = 'direct', routingKey, headers = '{}', options = {} }) => [
        body,
        exchange,
        type,
        routingKey,
        headers,
        options,
      ]),
    );
  }

  /** Consumes until `cancel`. Resolves when nothing that is published from now on is missed. */
  listen(queues: readonly KombuQueue[]): Promise<void> {
    return this.#conversation.tell('listen', ...queues.map(described));
  }

  /** The next messages, acknowledged; fewer when they do not come. */
  receive(count: number): Promise<readonly KombuReceived[]> {
    return this.#conversation.tell('receive', count);
  }

  /** Ends all consuming; resolves with what came and was not asked for. */
  cancel(): Promise<readonly KombuReceived[]> {
    return this.#conversation.tell('cancel');
  }

  /** Declares, consumes, and ends. */
  async take(queue: KombuQueue, count: number): Promise<readonly KombuReceived[]> {
    await this.listen([queue]);
    const taken = await this.receive(count);
    return [...taken, ...(await this.cancel())];
  }

  /** Kombu's sweep of what is held longer than its visibility timeout, again and again; resolves with how many sweeps there were. */
  restore(seconds: number): Promise<number> {
    return this.#conversation.tell('restore', seconds);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#conversation[Symbol.asyncDispose]();
  }
}

function described({
  name,
  exchange,
  type = 'direct',
  routingKey = '',
  arguments: given = {},
}: KombuQueue): readonly unknown[] {
  return [name, exchange ?? null, type, routingKey, given];
}
