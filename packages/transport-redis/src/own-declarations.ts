import type { BindingDeclaration, ExchangeDeclaration, QueueDeclaration } from '@ctq/messaging/transport';

/** A process that answers many callers sees as many reply queues: what is remembered of others' queues is bounded. */
const rememberedQueues = 10_000;

/** What one connection has declared and bound, to do it again when it is gone from the server. */
export class OwnDeclarations {
  readonly #exchanges = new Map<string, ExchangeDeclaration>();
  readonly #queues = new Map<string, QueueDeclaration>();
  readonly #bindings = new Map<string, Map<string, BindingDeclaration>>();
  /** Queues with an `x-expires` that this connection has declared itself. */
  readonly #expiring = new Map<string, number>();

  exchange(name: string): ExchangeDeclaration | undefined {
    return this.#exchanges.get(name);
  }

  queue(name: string): QueueDeclaration | undefined {
    return this.#queues.get(name);
  }

  sawExchange(exchange: ExchangeDeclaration): void {
    this.#exchanges.set(exchange.name, exchange);
  }

  sawQueue(queue: QueueDeclaration): void {
    if (this.#queues.size >= rememberedQueues) this.#queues.clear();
    this.#queues.set(queue.name, queue);
  }

  declaredQueue(queue: QueueDeclaration): void {
    this.sawQueue(queue);
    const expiresMs = expiryOf(queue);
    if (expiresMs === undefined) this.#expiring.delete(queue.name);
    else this.#expiring.set(queue.name, expiresMs);
  }

  bound(binding: BindingDeclaration): void {
    const { exchange } = binding;
    const bindings = this.#bindings.get(exchange) ?? new Map<string, BindingDeclaration>();
    this.#bindings.set(exchange, bindings.set(keyOf(binding), binding));
  }

  unbound(binding: BindingDeclaration): void {
    const bindings = this.#bindings.get(binding.exchange);
    bindings?.delete(keyOf(binding));
    if (bindings?.size === 0) this.#bindings.delete(binding.exchange);
  }

  forgetExchange(name: string): void {
    this.#exchanges.delete(name);
    this.#bindings.delete(name);
  }

  forgetQueue(name: string): void {
    this.#queues.delete(name);
    this.#expiring.delete(name);
    for (const binding of this.bindings.filter(({ queue }) => queue === name)) this.unbound(binding);
  }

  /** Those in which something was bound. */
  get exchanges(): readonly string[] {
    return [...this.#bindings.keys()];
  }

  get bindings(): readonly BindingDeclaration[] {
    return [...this.#bindings.values()].flatMap((bindings) => [...bindings.values()]);
  }

  bindingsOf(exchange: string): readonly BindingDeclaration[] {
    return [...(this.#bindings.get(exchange)?.values() ?? [])];
  }

  get hasExpiring(): boolean {
    return this.#expiring.size > 0;
  }

  /** The `x-expires` of a queue that this connection has declared. */
  expiresMs(queue: string): number | undefined {
    return this.#expiring.get(queue);
  }
}

/** Milliseconds after which the queue goes when nobody uses it. */
export function expiryOf({ arguments: given }: QueueDeclaration): number | undefined {
  const expiresMs = given?.['x-expires'];
  return typeof expiresMs === 'number' && expiresMs > 0 ? Math.ceil(expiresMs) : undefined;
}

function keyOf({ queue, routingKey }: BindingDeclaration): string {
  return JSON.stringify([queue, routingKey]);
}
