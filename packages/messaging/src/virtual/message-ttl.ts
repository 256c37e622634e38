import type { MessageProperties } from '../message/message.js';

const wholeMilliseconds = /^\d+$/;

/**
 * When a message expires: the shorter of its own `expiration` and the queue's `x-message-ttl`, from now. Undefined when neither is set;
 * an `expiration` that is no whole number is taken as none.
 */
export function expiresAt(
  properties: MessageProperties,
  queueArguments: Readonly<Record<string, unknown>> | undefined,
  now: number,
): number | undefined {
  const queueTtl = queueArguments?.['x-message-ttl'];
  let ttl = typeof queueTtl === 'number' ? queueTtl : undefined;
  const { expiration } = properties;
  if (expiration !== undefined && wholeMilliseconds.test(expiration)) {
    const own = Number(expiration);
    if (ttl === undefined || own < ttl) ttl = own;
  }
  return ttl === undefined ? undefined : Math.ceil(now + ttl);
}

/** kombu 5.6 transport/virtual/base.py, _get_message_priority: 0 to 9, anything else is clamped or 0. */
export function clampedPriority(priority: number | undefined): number {
  if (priority === undefined || !(priority > 0)) return 0;
  return priority >= 9 ? 9 : Math.trunc(priority);
}
