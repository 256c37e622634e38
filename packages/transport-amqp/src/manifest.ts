import type { TransportManifest } from '@ctq/messaging/transport';

/** What RabbitMQ can do. */
export const amqpManifest: TransportManifest = {
  exchangeTypes: ['direct', 'topic', 'fanout', 'headers'],
  priority: 'high-first',
  reach: 'network',
  durability: 'broker-restart',
  delay: true,
  countsParked: false,
  requeueControl: false,
  recovery: 'connection',
  leaseKeeper: false,
  messageTtl: true,
  mandatory: 'free',
  wakeUp: 'push',
};
