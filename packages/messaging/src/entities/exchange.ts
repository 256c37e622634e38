import type { ExchangeDeclaration } from '../transport/channel.js';
import type { ExchangeType } from '../transport/manifest.js';

/** An immutable description of an exchange; nothing happens until it is declared. */
export interface Exchange {
  readonly name: string;
  readonly type: ExchangeType;
  readonly durable: boolean;
  readonly autoDelete: boolean;
  /** For messages that do not say themselves: 1 transient, 2 persistent. Undefined leaves it to the sender, who is persistent by default. */
  readonly deliveryMode?: 1 | 2;
  readonly arguments: Readonly<Record<string, unknown>>;
  /** Somebody else declares it. The default exchange `''` is never declared. */
  readonly noDeclare: boolean;
  /** Its declaration only asks whether it exists. */
  readonly passive: boolean;
}

export type ExchangeOptions = Partial<Omit<Exchange, 'name'>>;

/** Kombu's defaults: direct, durable (kombu 5.6 entity.py, Exchange). */
export function exchange(name: string, options: ExchangeOptions = {}): Exchange {
  return Object.freeze({
    name,
    type: options.type ?? 'direct',
    durable: options.durable ?? true,
    autoDelete: options.autoDelete ?? false,
    ...(options.deliveryMode === undefined ? {} : { deliveryMode: options.deliveryMode }),
    arguments: options.arguments ?? {},
    noDeclare: (options.noDeclare ?? false) || name === '',
    passive: options.passive ?? false,
  });
}

/** The exchange that every queue is bound to under its own name. */
export const defaultExchange: Exchange = exchange('');

export function exchangeDeclaration(described: Exchange): ExchangeDeclaration {
  const { name, type, durable, autoDelete, passive } = described;
  const declaration = { name, type, durable, autoDelete, arguments: described.arguments };
  return passive ? { ...declaration, passive } : declaration;
}
