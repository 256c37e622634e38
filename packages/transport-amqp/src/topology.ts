import type {
  BindingDeclaration,
  ExchangeDeclaration,
  QueueDeclaration,
  QueueInfo,
  Topology,
} from '@ctq/messaging/transport';
import type { Channel } from 'amqplib';
import { toFieldTable } from './field-table.js';
import type { Lane } from './lane.js';

/** Told what was declared by this connection. */
export interface TopologyListener {
  onQueue(queue: QueueDeclaration): void;
  onBinding(binding: BindingDeclaration): void;
}

/** Exchanges, queues and bindings, over a lane of their own: what the broker refuses closes that one. */
export class AmqpTopology implements Topology {
  readonly #lane: Lane<Channel>;
  readonly #listener: TopologyListener;

  constructor(lane: Lane<Channel>, listener: TopologyListener) {
    this.#lane = lane;
    this.#listener = listener;
  }

  async declareExchange(exchange: ExchangeDeclaration): Promise<void> {
    const { name, type, passive = false, durable, autoDelete, arguments: given = {} } = exchange;
    await this.#lane.use(async (channel) => {
      if (passive) await channel.checkExchange(name);
      else await channel.assertExchange(name, type, { durable, autoDelete, arguments: toFieldTable(given) });
    });
  }

  async deleteExchange(name: string, { ifUnused = false }: { readonly ifUnused?: boolean } = {}): Promise<void> {
    await this.#lane.use((channel) => channel.deleteExchange(name, { ifUnused }));
  }

  async declareQueue(queue: QueueDeclaration): Promise<QueueInfo> {
    const { name, passive = false, durable, exclusive, autoDelete, arguments: given = {} } = queue;
    const answer = await this.#lane.use((channel) =>
      passive
        ? channel.checkQueue(name)
        : channel.assertQueue(name, { durable, exclusive, autoDelete, arguments: toFieldTable(given) }),
    );
    if (!passive) this.#listener.onQueue({ ...queue, name: answer.queue });
    return { name: answer.queue, messageCount: answer.messageCount, consumerCount: answer.consumerCount };
  }

  async deleteQueue(
    name: string,
    { ifUnused = false, ifEmpty = false }: { readonly ifUnused?: boolean; readonly ifEmpty?: boolean } = {},
  ): Promise<number> {
    const { messageCount } = await this.#lane.use((channel) => channel.deleteQueue(name, { ifUnused, ifEmpty }));
    return messageCount;
  }

  async bindQueue(binding: BindingDeclaration): Promise<void> {
    const { queue, exchange, routingKey, arguments: given = {} } = binding;
    await this.#lane.use((channel) => channel.bindQueue(queue, exchange, routingKey, toFieldTable(given)));
    this.#listener.onBinding(binding);
  }

  async unbindQueue({ queue, exchange, routingKey, arguments: given = {} }: BindingDeclaration): Promise<void> {
    await this.#lane.use((channel) => channel.unbindQueue(queue, exchange, routingKey, toFieldTable(given)));
  }

  async purgeQueue(name: string): Promise<number> {
    const { messageCount } = await this.#lane.use((channel) => channel.purgeQueue(name));
    return messageCount;
  }
}
