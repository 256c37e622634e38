// The subpath `@ctq/worker/pool`: what an author of a pool needs, and the pools that are here.
export { asyncPool } from './pool/async-pool.js';
export { poolConformance, type PoolCase, type PoolConformanceOptions } from './pool/conformance/pool-conformance.js';
export type { Pool, PoolContext, PoolFactory, PoolInfo, PoolManifest, TimeLimits } from './pool/pool.js';
export { processPool } from './pool/slots/process-pool.js';
export { threadPool } from './pool/slots/thread-pool.js';
export { soloPool } from './pool/solo-pool.js';
