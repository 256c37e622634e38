export type { ConformanceCase } from './conformance-case.js';
export { queueStoreConformance, type QueueStoreConformanceOptions } from './queue-store-conformance.js';
export { tamperedStore } from './tampered-store.js';
export { transportConformance, type TransportConformanceOptions } from './transport-conformance.js';
