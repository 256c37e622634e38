import type { SettingsTable } from '../setting.js';
import { optional, textList, timeZone, truth } from '../setting-types.js';

/** General: what may be given. */
export interface GeneralSettings {
  /** Serializers (names or content types) that incoming messages may use; others are refused undecoded. */
  acceptContent: readonly string[];
  /** Without `timezone`: naive times are UTC, or with false in the host's zone. */
  enableUtc: boolean;
  /** Modules with tasks, imported in this order when a worker starts. */
  imports: readonly string[];
  /** More modules with tasks, imported after `imports`. */
  include: readonly string[];
  /** IANA zone of times without offset, and of schedules. */
  timezone: string | null;
}

export const generalSettings: SettingsTable<GeneralSettings> = {
  acceptContent: {
    type: textList,
    default: ['json'],
    status: 'effective',
    old: ['CELERY_ACCEPT_CONTENT'],
    doc: 'Serializers (names or content types) that incoming messages may use; others are refused undecoded.',
  },
  enableUtc: {
    type: truth,
    default: true,
    status: 'effective',
    old: ['ENABLE_UTC'],
    doc: "Without `timezone`: naive times are UTC, or with false in the host's zone.",
  },
  imports: {
    type: textList,
    default: [],
    status: 'effective',
    old: ['CELERY_IMPORTS'],
    doc: 'Modules with tasks, imported in this order when a worker starts.',
  },
  include: {
    type: textList,
    default: [],
    status: 'effective',
    old: ['CELERY_INCLUDE'],
    doc: 'More modules with tasks, imported after `imports`.',
  },
  timezone: {
    type: optional(timeZone),
    default: undefined,
    status: 'effective',
    old: ['CELERY_TIMEZONE'],
    doc: 'IANA zone of times without offset, and of schedules.',
  },
};
