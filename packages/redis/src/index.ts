export { clientError } from './client-error.js';
export { connectRedis, type ConnectOptions, disconnectRedis } from './connect.js';
export { RedisScript } from './redis-script.js';
export { maskedUrl, parseRedisUrl, type RedisAddress, splitOptions } from './redis-url.js';
export { type Refusal, refusalOf } from './refusal.js';
export { Subscriber } from './subscriber.js';
