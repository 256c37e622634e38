import type { Ctq, EventDispatcher } from '@ctq/core';
import type { Connection } from '@ctq/messaging';
import { type Duration, durationMs, type Logger } from '@ctq/runtime';
import type { Revocations } from '../revoke/revocations.js';
import type { WorkerOptions } from '../worker-options.js';
import { Gossip } from './gossip.js';
import { Heart } from './heart.js';
import { Mingle } from './mingle.js';
import { type SoftwareInfo, softwareInfo } from './software-info.js';

export interface ClusterPlan {
  readonly app: Ctq;
  readonly options: WorkerOptions;
  /** Node name. */
  readonly name: string;
  readonly logger: Logger;
  readonly dispatcher: EventDispatcher;
  readonly revocations: Revocations;
  readonly connection: () => Connection;
  /** How many tasks run just now. */
  readonly active: () => number;
  /** How many were begun so far. */
  readonly processed: () => number;
}

/** By what a worker is one of several. Undefined is what is not wanted. */
export interface ClusterParts {
  readonly software: SoftwareInfo;
  readonly mingle: Mingle | undefined;
  readonly gossip: Gossip | undefined;
  readonly heart: Heart | undefined;
}

/** celery 5.6 worker/heartbeat.py, Heart. */
const defaultInterval: Duration = 2;

/** @throws RangeError for an interval that is none. */
export function clusterParts(plan: ClusterPlan): ClusterParts {
  const { app, options, name, logger, dispatcher, revocations, connection, active, processed } = plan;
  const { kernel } = app;
  const { heartbeatInterval } = options;
  const software = softwareInfo();
  const intervalMs = durationMs(heartbeatInterval ?? defaultInterval);
  if (!(intervalMs > 0)) throw new RangeError('heartbeatInterval has to be more than 0; heartbeat: false is none.');
  return {
    software,
    mingle: options.mingle === false ? undefined : new Mingle({ app, name, logger, connection, revocations }),
    gossip:
      options.gossip === false
        ? undefined
        : new Gossip({
            ...{ app, name, logger, dispatcher, connection },
            // celery 5.6 worker/consumer/gossip.py, get_consumers: the interval only where it was given.
            queueTtl: heartbeatInterval ?? kernel.settings.eventQueueTtl,
          }),
    heart:
      options.heartbeat === false
        ? undefined
        : new Heart({ kernel, name, dispatcher, intervalMs, software, active, processed }),
  };
}
