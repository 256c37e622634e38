// The subpath `@ctq/messaging/store`: what an author of a queue store needs.
export type {
  Broadcast,
  FanoutRole,
  HeldMessage,
  LeaseRenewer,
  LeaseRole,
  OpenLeaseRenewer,
  PopRequest,
  PushEntry,
  QueueSize,
  QueueStore,
  QueueStoreContext,
  QueueStoreManifest,
  Settlement,
  TopologyRole,
} from './store/queue-store.js';
export { MemoryStore, type MemoryStoreOptions } from './memory/memory-store.js';
export { ExchangeRoutes } from './virtual/exchange-routes.js';
export { clampedPriority, expiresAt } from './virtual/message-ttl.js';
export { topicPattern } from './virtual/topic-pattern.js';
export { virtualTransport, type VirtualTransportOptions } from './virtual/virtual-transport.js';
