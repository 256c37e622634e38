export { probes } from './probes/probes.js';
export { type PrivateRedis, startPrivateRedis } from './private-redis.js';
export { environmentVariable, type Service, type ServiceName, serviceNames } from './service.js';
export { type Services, startServices } from './start-services.js';
export type { Direction, Fault, FaultKind, Injection, Opening } from './fault-proxy/fault.js';
export { type FaultProxy, type FaultProxyStats, startFaultProxy } from './fault-proxy/fault-proxy.js';
export { faultSchedule, type ScheduledFault } from './fault-proxy/fault-schedule.js';
export { seededRandom } from './fault-proxy/seeded-random.js';
