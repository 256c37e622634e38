import type { QueueDeclaration } from '../transport/channel.js';

/**
 * Which queues this connection consumes from and owns: all that a virtual transport knows of consumers, because stores do not
 * count them. A queue that is deleted when unused (`autoDelete`) is therefore meant for one process, as all of Celery's are.
 */
export class QueueUse {
  readonly #consumers = new Map<string, number>();
  readonly #autoDelete = new Set<string>();
  readonly #exclusive = new Set<string>();
  readonly #expires = new Map<string, number>();

  consumersOf(queue: string): number {
    return this.#consumers.get(queue) ?? 0;
  }

  get exclusive(): readonly string[] {
    return [...this.#exclusive];
  }

  owns(queue: string): boolean {
    return this.#exclusive.has(queue);
  }

  /** Its `x-expires`, as far as it was declared through this connection. */
  expiresMsOf(queue: string): number | undefined {
    return this.#expires.get(queue);
  }

  declared({ name, exclusive, autoDelete, arguments: given }: QueueDeclaration): void {
    const expiresMs = given?.['x-expires'];
    if (exclusive) this.#exclusive.add(name);
    if (autoDelete) this.#autoDelete.add(name);
    if (typeof expiresMs === 'number') this.#expires.set(name, expiresMs);
  }

  deleted(queue: string): void {
    this.#exclusive.delete(queue);
    this.#autoDelete.delete(queue);
    this.#expires.delete(queue);
  }

  begin(queue: string): void {
    this.#consumers.set(queue, this.consumersOf(queue) + 1);
  }

  /** A consumer ended; true when the queue goes with it. */
  end(queue: string): boolean {
    const left = this.consumersOf(queue) - 1;
    if (left > 0) this.#consumers.set(queue, left);
    else this.#consumers.delete(queue);
    return left <= 0 && this.#autoDelete.has(queue);
  }
}
