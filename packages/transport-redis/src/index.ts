export type { RedisOptions } from './redis-options.js';
export { createTransport, redis } from './redis-transport.js';
