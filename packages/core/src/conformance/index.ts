// The subpath `@ctq/core/conformance`: the kits for authors of result backends and key-value stores.
export { resultBackendConformance, type ResultBackendConformanceOptions } from './backend-conformance.js';
export type { ConformanceCase } from '@ctq/runtime/conformance';
export { keyValueStoreConformance, type KeyValueStoreConformanceOptions } from './store-conformance.js';
