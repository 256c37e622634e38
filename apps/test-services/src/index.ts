export { findProgram } from './find-program.js';
export { probes } from './probes/probes.js';
export { pythonWith } from './python.js';
export { environmentVariable, type Service, type ServiceName, serviceNames } from './service.js';
export { type Services, startServices } from './start-services.js';
export { type Certificates, type KeyPair, makeCertificates } from './redis/certificates.js';
export { type RedisCluster, startCluster } from './redis/cluster.js';
export { type PrivateRedis, type PrivateRedisOptions, startRedisServer } from './redis/private-redis.js';
export { type SentinelOptions, startSentinel } from './redis/sentinel.js';
