import type { Timer } from '@ctq/runtime';
import type { OpenStore } from './open-store.js';

/**
 * Resolves when something waits in one of the queues after a commit that follows this call, when a parked message falls due, when
 * the store is closed or the signal is aborted. Commits that concern other queues, or that another consumer was faster to use, are looked at (a
 * read without a lock) and slept through.
 */
export function arrival(store: OpenStore, queues: readonly string[], signal: AbortSignal): Promise<void> {
  const { database, messages, context } = store;
  return new Promise((resolve) => {
    let dueTimer: Timer | undefined;
    let dueAt: number | undefined;
    const finish = (): void => {
      stopListening();
      dueTimer?.cancel();
      signal.removeEventListener('abort', finish);
      resolve();
    };
    const armDueTimer = (nextDueAt: number | undefined): void => {
      if (nextDueAt === dueAt) return;
      dueTimer?.cancel();
      dueAt = nextDueAt;
      if (dueAt === undefined) return;
      dueTimer = context.clock.setTimer(finish, dueAt - context.clock.now(), { background: true });
    };
    const look = (): void => {
      try {
        const { isWaiting, nextDueAt } = messages.glance(queues);
        if (isWaiting) finish();
        else armDueTimer(nextDueAt);
      } catch {
        // Closed, locked or broken: the pop that follows finds out which.
        finish();
      }
    };
    const stopListening = database.onChange(look);
    signal.addEventListener('abort', finish, { once: true });
    try {
      armDueTimer(messages.glance(queues).nextDueAt);
    } catch {
      finish();
    }
    if (signal.aborted) finish();
  });
}
