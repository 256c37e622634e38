import type { Ctq, EventDispatcher, Kernel } from '@ctq/core';
import type { Logger } from '@ctq/runtime';
import type { Gossip } from '../cluster/gossip.js';
import type { SoftwareInfo } from '../cluster/software-info.js';
import type { TaskConsumer } from '../consume/task-consumer.js';
import type { Autoscaler } from '../pool/autoscaler.js';
import type { Pool } from '../pool/pool.js';
import type { Revocations } from '../revoke/revocations.js';

/** What the commands of a worker can get at. */
export interface CommandScope {
  /** Node name. */
  readonly name: string;
  readonly app: Ctq;
  readonly kernel: Kernel;
  readonly logger: Logger;
  /** When the worker was made, in milliseconds since the epoch. */
  readonly madeAt: number;
  readonly pool: Pool;
  readonly consumer: TaskConsumer;
  readonly revocations: Revocations;
  readonly autoscaler: Autoscaler | undefined;
  /** Of this worker. */
  readonly events: EventDispatcher;
  /** Undefined where it does not gossip. */
  readonly gossip: Gossip | undefined;
  readonly software: SoftwareInfo;
}
