import type { Message, Route } from '../message/message.js';

/** A message that is ready to be published, and where to. */
export interface OutgoingMessage {
  readonly message: Message;
  readonly route: Route;
}

/**
 * Puts messages into the queues of a broker that lives in a database, by a connection of the program's own and in the transaction that is open on it: they are
 * there when it commits, and were never there when it rolls back. What a transport in a database offers beside its connections; how one is made is its own.
 *
 * All or nothing. Synchronous where the driver is.
 */
export interface MessageWriter<Written extends void | Promise<void> = void | Promise<void>> {
  write(messages: readonly OutgoingMessage[]): Written;
}
