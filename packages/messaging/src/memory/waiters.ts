interface Waiter {
  readonly queues: readonly string[];
  readonly resolve: () => void;
}

/** Who waits for messages in which queues. */
export class Waiters {
  readonly #byQueue = new Map<string, Set<Waiter>>();

  /** Resolves at the next `wake` of one of the queues, or when the signal is aborted. */
  wait(queues: readonly string[], signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal.aborted) {
        resolve();
        return;
      }
      const waiter: Waiter = {
        queues,
        resolve: () => {
          this.#remove(waiter);
          signal.removeEventListener('abort', waiter.resolve);
          resolve();
        },
      };
      for (const queue of queues) {
        const waiters = this.#byQueue.get(queue);
        if (waiters === undefined) this.#byQueue.set(queue, new Set([waiter]));
        else waiters.add(waiter);
      }
      signal.addEventListener('abort', waiter.resolve, { once: true });
    });
  }

  wake(queue: string): void {
    const waiters = this.#byQueue.get(queue);
    if (waiters === undefined) return;
    for (const { resolve } of [...waiters]) resolve();
  }

  #remove(waiter: Waiter): void {
    for (const queue of waiter.queues) {
      const waiters = this.#byQueue.get(queue);
      waiters?.delete(waiter);
      if (waiters?.size === 0) this.#byQueue.delete(queue);
    }
  }
}
