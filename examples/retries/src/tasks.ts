import { Ctq } from '@ctq/core';
import { memoryBackend } from '@ctq/core/backend';
import { memoryTransport } from '@ctq/messaging';

export const app = new Ctq('mail', { broker: memoryTransport(), backend: memoryBackend() });

/** Worth trying again. */
export class MailServerBusy extends Error {
  override readonly name = 'MailServerBusy';
}

/** Not worth it. */
export class NoSuchMailbox extends Error {
  override readonly name = 'NoSuchMailbox';
}

/** Retried by itself after the errors that are listed. `retryBackoff: true` in place of the fixed delay waits 1, 2, 4 … seconds. */
export const send = app.task(
  'mail.send',
  { bind: true, autoretryFor: [MailServerBusy], maxRetries: 4, defaultRetryDelay: '20ms', throws: [NoSuchMailbox] },
  (ctx, to: string) => {
    if (to.startsWith('nobody@')) throw new NoSuchMailbox(to);
    if (ctx.request.retries < 3) throw new MailServerBusy(`attempt ${ctx.request.retries + 1}`);
    return `sent to ${to} at attempt ${ctx.request.retries + 1}`;
  },
);

/** Decides by itself when and how often; the error is what the caller gets when the attempts are used up. */
export const poll = app.task('mail.poll', { bind: true }, (ctx, mailbox: string): string => {
  const error = new MailServerBusy(`${mailbox} has not answered ${ctx.request.retries + 1} times`);
  return ctx.retry({ error, countdown: '20ms', maxRetries: 2 });
});
