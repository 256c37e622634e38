export { clientError } from './client-error.js';
export { disconnectRedis } from './connect.js';
export type { NatMap, RedisClient } from './given-client.js';
export { RedisScript } from './redis-script.js';
export { type ConnectContext, RedisServer } from './redis-server.js';
export { splitOptions } from './redis-url.js';
export { type Refusal, refusalOf } from './refusal.js';
export { redisServerConfig, type RedisServerConfig } from './server-config.js';
export {
  type CredentialProvider,
  type Credentials,
  type RedisServerOptions,
  type SentinelOptions,
  serverOptionNames,
} from './server-options.js';
export { Subscriber, type SubscriberOptions } from './subscriber.js';
