import type { TopologyRole } from '@ctq/messaging/store';
import type { BindingDeclaration, ExchangeDeclaration, QueueDeclaration } from '@ctq/messaging/transport';
import type { OpenStore } from './open-store.js';
import type { KeySpace } from './key-space.js';

/**
 * Bindings in Kombu's sets, which Python programs read and write too; what ctq programs have declared beside them, in hashes of its own, because Kombu
 * keeps no declarations on the server.
 */
export class RedisTopology implements TopologyRole {
  readonly #store: () => OpenStore;
  readonly #keys: KeySpace;

  constructor(store: () => OpenStore, keys: KeySpace) {
    this.#store = store;
    this.#keys = keys;
  }

  async saveExchange(exchange: ExchangeDeclaration): Promise<void> {
    await this.#store().run((client) => client.hset(this.#keys.exchanges, exchange.name, JSON.stringify(exchange)));
  }

  async findExchange(name: string): Promise<ExchangeDeclaration | undefined> {
    return read<ExchangeDeclaration>(await this.#store().run((client) => client.hget(this.#keys.exchanges, name)));
  }

  async deleteExchange(name: string): Promise<void> {
    const { exchanges } = this.#keys;
    await this.#store().run((client) => client.multi().hdel(exchanges, name).del(this.#keys.bindings(name)).exec());
  }

  async saveQueue(queue: QueueDeclaration): Promise<void> {
    await this.#store().run((client) => client.hset(this.#keys.queues, queue.name, JSON.stringify(queue)));
  }

  async findQueue(name: string): Promise<QueueDeclaration | undefined> {
    return read<QueueDeclaration>(await this.#store().run((client) => client.hget(this.#keys.queues, name)));
  }

  async deleteQueue(name: string): Promise<void> {
    await this.#store().run(async (client) => {
      await client.hdel(this.#keys.queues, name);
      const exchanges = await client.smembers(this.#keys.exchangesOf(name));
      for (const exchange of exchanges) {
        const key = this.#keys.bindings(exchange);
        const members = (await client.smembers(key)).filter((member) => this.#keys.readBinding(member)?.queue === name);
        if (members.length > 0) await client.srem(key, ...members);
      }
      await client.del(this.#keys.exchangesOf(name));
    });
  }

  async saveBinding(binding: BindingDeclaration): Promise<void> {
    const member = await this.#member(binding);
    const { exchange, queue } = binding;
    await this.#store().run((client) =>
      client.multi().sadd(this.#keys.bindings(exchange), member).sadd(this.#keys.exchangesOf(queue), exchange).exec(),
    );
  }

  async deleteBinding(binding: BindingDeclaration): Promise<void> {
    const member = await this.#member(binding);
    await this.#store().run((client) => client.srem(this.#keys.bindings(binding.exchange), member));
  }

  async bindings(exchange: string): Promise<readonly BindingDeclaration[]> {
    const members = await this.#store().run((client) => client.smembers(this.#keys.bindings(exchange)));
    return members.flatMap((member) => {
      const binding = this.#keys.readBinding(member);
      return binding === undefined ? [] : [{ exchange, ...binding }];
    });
  }

  /** The pattern is there for Kombu's publishers, and only with topic exchanges (kombu 5.6 transport/virtual/exchange.py). */
  async #member({ exchange, routingKey, queue }: BindingDeclaration): Promise<string> {
    const declared = await this.findExchange(exchange);
    return this.#keys.bindingMember(routingKey, declared?.type === 'topic' ? topicPattern(routingKey) : '', queue);
  }
}

/** A topic binding as Kombu's regular expression (kombu 5.6 transport/virtual/exchange.py, TopicExchange.key_to_pattern). */
export function topicPattern(routingKey: string): string {
  const words = routingKey.split('.').map((word) => {
    if (word === '*') return '.*?[^\\.]';
    return word === '#' ? '.*?' : escapePython(word);
  });
  return `^${words.join('\\.')}$`;
}

/** What Python's `re.escape` escapes (3.7 and later). */
function escapePython(text: string): string {
  return text.replaceAll(/[-\s#&~()[\]{}?*+|^$\\.]/g, '\\$&');
}

function read<Declaration>(json: string | null): Declaration | undefined {
  return json === null ? undefined : (JSON.parse(json) as Declaration);
}
