import type { Exchange } from './exchange.js';

/** One way by which messages of an exchange reach a queue. */
export interface Binding {
  readonly exchange: Exchange;
  readonly routingKey: string;
  readonly arguments: Readonly<Record<string, unknown>>;
}

export function binding(
  exchange: Exchange,
  routingKey = '',
  options: { readonly arguments?: Readonly<Record<string, unknown>> } = {},
): Binding {
  return Object.freeze({ exchange, routingKey, arguments: options.arguments ?? {} });
}
