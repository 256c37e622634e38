export type { AmqpOptions } from './amqp-options.js';
export { amqp, createTransport } from './amqp-transport.js';
