// The subpath `@ctq/messaging/transport`: what an author of a transport needs.
export type {
  BindingDeclaration,
  Channel,
  CloseReason,
  ConsumeOptions,
  ExchangeDeclaration,
  Publisher,
  PublishOptions,
  QueueDeclaration,
  QueueInfo,
  Subscriber,
  Subscription,
  Topology,
} from './transport/channel.js';
export type { Delivery, RejectOptions } from './transport/delivery.js';
export { type ExchangeType, exchangeTypes, type TransportManifest } from './transport/manifest.js';
export type { MessageWriter, OutgoingMessage } from './transport/message-writer.js';
export type {
  BlockedReport,
  LeaseKeeper,
  LeaseKeeperOptions,
  LeaseKeeperRole,
  Transport,
  TransportConnection,
  TransportContext,
} from './transport/transport.js';
