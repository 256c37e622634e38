// The subpath `@ctq/worker/pool`: what an author of a pool needs, and the pools that are here.
export { asyncPool } from './pool/async-pool.js';
export { poolConformance, type PoolCase, type PoolConformanceOptions } from './pool/conformance/pool-conformance.js';
export type { Pool, PoolContext, PoolFactory, PoolManifest, TimeLimits } from './pool/pool.js';
export { soloPool } from './pool/solo-pool.js';
