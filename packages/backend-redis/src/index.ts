export { createBackend, createStore, redisBackend, redisStore } from './redis-backend.js';
export type { RedisBackendOptions } from './redis-backend-options.js';
export type { WriteRetryPolicy } from './write-retries.js';
