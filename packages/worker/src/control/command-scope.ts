import type { CommandedWorker, Ctq, EventDispatcher, Kernel } from '@ctq/core';
import type { Connection } from '@ctq/messaging';
import type { Logger } from '@ctq/runtime';
import type { Gossip } from '../cluster/gossip.js';
import type { SoftwareInfo } from '../cluster/software-info.js';
import type { TaskConsumer } from '../consume/task-consumer.js';
import type { Workplace } from '../execute/workplace.js';
import type { Autoscaler } from '../pool/autoscaler.js';
import type { Pool } from '../pool/pool.js';
import type { RevocationDesk } from '../revoke/revocation-desk.js';
import type { Revocations } from '../revoke/revocations.js';
import type { MemorySamples } from './memory-samples.js';

/** What the commands of a worker can get at. */
export interface CommandScope {
  /** Node name. */
  readonly name: string;
  readonly app: Ctq;
  readonly kernel: Kernel;
  readonly logger: Logger;
  /** When the worker was made, in milliseconds since the epoch. */
  readonly madeAt: number;
  readonly worker: CommandedWorker;
  /** From which it consumes. */
  readonly connection: () => Connection;
  readonly pool: Pool;
  readonly consumer: TaskConsumer;
  readonly workplace: Workplace;
  readonly revocations: Revocations;
  readonly revoking: RevocationDesk;
  readonly autoscaler: Autoscaler | undefined;
  /** Of this worker. */
  readonly events: EventDispatcher;
  /** Undefined where it does not gossip. */
  readonly gossip: Gossip | undefined;
  readonly software: SoftwareInfo;
  readonly memory: MemorySamples;
}
