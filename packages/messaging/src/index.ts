export { type Binding, binding } from './entities/binding.js';
export {
  defaultExchange,
  type Exchange,
  type ExchangeOptions,
  exchange,
  exchangeDeclaration,
} from './entities/exchange.js';
export { type BroadcastOptions, broadcast } from './entities/broadcast.js';
export { type Declarable, declareExchange, declareQueue } from './entities/declare.js';
export { type Queue, type QueueOptions, queue, queueDeclaration } from './entities/queue.js';
export type { Connection, ConnectionOptions, ConnectionRetryOptions } from './connection/connection.js';
export type { ConnectionChange, ConnectionEvent, ConnectionState } from './connection/connection-state.js';
export type { FailoverFunction, FailoverStrategy } from './connection/failover.js';
export { openConnection } from './connection/open-connection.js';
export type { Consumer, ConsumerOptions } from './connection/consumer.js';
export {
  defaultPublishRetryPolicy,
  type Producer,
  type ProducerPublishOptions,
  type PublishRetryPolicy,
} from './connection/producer.js';
export { LamportClock } from './mailbox/lamport-clock.js';
export { type CastOptions, Mailbox, type MailboxAskOptions, type MailboxOptions } from './mailbox/mailbox.js';
export { MailboxLayout, type MailboxLayoutOptions } from './mailbox/mailbox-layout.js';
export type { MailboxRequest, NodeReply, ReplyAddress } from './mailbox/mailbox-message.js';
export type { MailboxTarget } from './mailbox/mailbox-target.js';
export { MailboxNode, type MailboxNodeOptions, noReply } from './mailbox/mailbox-node.js';
export type { ReplyTimeout } from './mailbox/reply-wait.js';
export { type NodeMatcher, type NodeMatchers, matchesNode, nodeMatchers } from './mailbox/node-match.js';
export { MemoryBroker } from './memory/memory-broker.js';
export { memoryTransport, type MemoryTransportOptions } from './memory/memory-transport.js';
export { virtualTransport, type VirtualTransportOptions } from './virtual/virtual-transport.js';
export type { ContentCodec, EncodedContent, EncodeOptions } from './serialization/content.js';
export { type ContentCodecOptions, createContentCodec } from './serialization/content-codec.js';
export type { SizeLimits } from './serialization/size-limits.js';
export type { Serializer } from './serialization/serializer.js';
export {
  createJsonSerializer,
  type JsonSerializer,
  type JsonSerializerOptions,
  jsonSerializer,
} from './serialization/json.js';
export type { JsonType } from './serialization/json-types.js';
export { createMsgpackSerializer } from './serialization/msgpack.js';
export { createYamlSerializer } from './serialization/yaml.js';
export { bytesSerializer } from './serialization/bytes.js';
export { textSerializer } from './serialization/text.js';
export type { Compressor } from './compression/compressor.js';
export { brotliCompressor } from './compression/brotli.js';
export { bzip2Compressor } from './compression/bzip2.js';
export { gzipCompressor } from './compression/gzip.js';
export { createLzmaCompressor } from './compression/lzma.js';
export { createZstdCompressor } from './compression/zstd.js';
export {
  type DecodedEnvelope,
  decodeEnvelope,
  type EncodeEnvelopeOptions,
  encodeEnvelope,
} from './message/envelope.js';
export { Decimal } from './values/decimal.js';
export { PlainDate } from './values/plain-date.js';
export { PlainTime } from './values/plain-time.js';
export { isSameValue } from './values/same-value.js';
export { Uuid } from './values/uuid.js';
export { isoText, WireDate } from './values/wire-date.js';
export type { Message, MessageHeaders, MessageProperties, Route } from './message/message.js';
export {
  BodyTooLargeError,
  ChannelClosedError,
  ConsumerStuckError,
  ContentNotAcceptedError,
  DecodeError,
  EncodeError,
  MessageStateError,
  MessagingError,
  NotSupportedError,
  type PublishOutcome,
  PublishTimeoutError,
  SerializationError,
  TopologyMismatchError,
  TopologyNotFoundError,
  TransportConnectionError,
  TransportError,
  UnroutableError,
} from './errors.js';
export type { Delivery, RejectOptions } from './transport/delivery.js';
