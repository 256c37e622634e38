export { type BreakableTransport, breakableTransport, connectionRefused } from './breakable-transport.js';
export type { ConformanceCase } from '@ctq/runtime/conformance';
export { DeliveryCollector } from './delivery-collector.js';
export { MailboxScene, type MailboxSceneNode, type MailboxSceneOptions } from './mailbox-scene.js';
export { queueStoreConformance, type QueueStoreConformanceOptions } from './queue-store-conformance.js';
export { tamperedStore } from './tampered-store.js';
export { transportConformance, type TransportConformanceOptions } from './transport-conformance.js';
