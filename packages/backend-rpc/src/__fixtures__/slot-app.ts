import { Ctq } from '@ctq/core';
import { rpc } from '../rpc-backend.js';

/** A program whose tasks run in threads or processes, each of which loads it for itself. Which broker it has is said by whoever runs it. */
export function slotApp(): Ctq {
  const app = new Ctq('slots', { broker: 'memory://', backend: rpc() });
  app.task('slots.progress', { bind: true }, async (ctx) => {
    await ctx.updateState('PROGRESS', { done: 1 });
    return 'done';
  });
  const address = app.task('slots.address', () => app.kernel.sender.replyTo);
  app.task('slots.asks', async () => {
    const result = await address.delay();
    const other = await result.get({ disableSyncSubtasks: false, timeout: '30s' });
    return [app.kernel.sender.replyTo, other];
  });
  return app;
}

export const app: Ctq = slotApp();
