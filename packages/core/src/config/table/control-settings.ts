import type { Duration } from '@ctq/runtime';
import type { SettingsTable } from '../setting.js';
import { duration, text, truth } from '../setting-types.js';

/** Remote control: what may be given. */
export interface ControlSettings {
  /** How long a message waits in a control or reply queue. */
  controlQueueTtl: Duration;
  /** How long an idle control or reply queue lives. */
  controlQueueExpires: Duration;
  /** Control queues belong to one connection. */
  controlQueueExclusive: boolean;
  /** Control queues survive a restart of the broker. */
  controlQueueDurable: boolean;
  /** Prefix of the control exchanges. */
  controlExchange: string;
}

export const controlSettings: SettingsTable<ControlSettings> = {
  controlQueueTtl: {
    type: duration,
    default: 300,
    status: 'effective',
    old: ['CONTROL_QUEUE_TTL'],
    doc: 'How long a message waits in a control or reply queue.',
  },
  controlQueueExpires: {
    type: duration,
    default: 10,
    status: 'effective',
    old: ['CONTROL_QUEUE_EXPIRES'],
    doc: 'How long an idle control or reply queue lives.',
  },
  controlQueueExclusive: {
    type: truth,
    default: false,
    status: 'effective',
    old: ['CONTROL_QUEUE_EXCLUSIVE'],
    doc: 'Control queues belong to one connection.',
  },
  controlQueueDurable: {
    type: truth,
    default: false,
    status: 'effective',
    old: ['CONTROL_QUEUE_DURABLE'],
    doc: 'Control queues survive a restart of the broker.',
  },
  controlExchange: {
    type: text,
    default: 'celery',
    status: 'effective',
    old: ['CONTROL_EXCHANGE'],
    doc: 'Prefix of the control exchanges.',
  },
};
