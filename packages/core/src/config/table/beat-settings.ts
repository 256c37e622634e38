import type { Duration } from '@ctq/runtime';
import type { SettingsTable } from '../setting.js';
import { duration, integer, optional, options, type Options, text } from '../setting-types.js';

/** Beat: what may be given. */
export interface BeatSettings {
  /** Longest sleep of beat; 0 leaves it to the scheduler. */
  beatMaxLoopInterval: Duration;
  /** What to send when: entries by name. */
  beatSchedule: Options;
  /** Scheduler of beat. */
  beatScheduler: string | null;
  /** Where beat remembers when it sent what. */
  beatScheduleFilename: string;
  /** Write the state of beat after so many sent tasks; 0 by time. */
  beatSyncEvery: number;
  /** How late a missed cron run may still be started; unset for ever. */
  beatCronStartingDeadline: Duration | null;
  /** Log file of beat. */
  beatLogfile: string | null;
  /** Process id file of beat. */
  beatPidfile: string | null;
  /** User that beat runs as. */
  beatUid: string | null;
  /** Group that beat runs as. */
  beatGid: string | null;
  /** File mode mask of beat. */
  beatUmask: string | null;
  /** Executable for a detached beat. */
  beatExecutable: string | null;
}

export const beatSettings: SettingsTable<BeatSettings> = {
  beatMaxLoopInterval: {
    type: duration,
    default: 0,
    status: 'accepted',
    old: ['CELERYBEAT_MAX_LOOP_INTERVAL'],
    doc: 'Longest sleep of beat; 0 leaves it to the scheduler.',
  },
  beatSchedule: {
    type: options,
    default: {},
    status: 'accepted',
    old: ['CELERYBEAT_SCHEDULE'],
    doc: 'What to send when: entries by name.',
  },
  beatScheduler: {
    type: optional(text),
    default: undefined,
    status: 'accepted',
    old: ['CELERYBEAT_SCHEDULER'],
    doc: 'Scheduler of beat.',
  },
  beatScheduleFilename: {
    type: text,
    default: 'ctq-beat-schedule',
    status: 'accepted',
    old: ['CELERYBEAT_SCHEDULE_FILENAME'],
    doc: 'Where beat remembers when it sent what.',
  },
  beatSyncEvery: {
    type: integer(0),
    default: 0,
    status: 'accepted',
    old: ['CELERYBEAT_SYNC_EVERY'],
    doc: 'Write the state of beat after so many sent tasks; 0 by time.',
  },
  beatCronStartingDeadline: {
    type: optional(duration),
    default: undefined,
    status: 'accepted',
    old: ['CELERYBEAT_CRON_STARTING_DEADLINE'],
    doc: 'How late a missed cron run may still be started; unset for ever.',
  },
  beatLogfile: {
    type: optional(text),
    default: undefined,
    status: 'accepted',
    old: [],
    doc: 'Log file of beat.',
  },
  beatPidfile: {
    type: optional(text),
    default: undefined,
    status: 'accepted',
    old: [],
    doc: 'Process id file of beat.',
  },
  beatUid: {
    type: optional(text),
    default: undefined,
    status: 'accepted',
    old: [],
    doc: 'User that beat runs as.',
  },
  beatGid: {
    type: optional(text),
    default: undefined,
    status: 'accepted',
    old: [],
    doc: 'Group that beat runs as.',
  },
  beatUmask: {
    type: optional(text),
    default: undefined,
    status: 'accepted',
    old: [],
    doc: 'File mode mask of beat.',
  },
  beatExecutable: {
    type: optional(text),
    default: undefined,
    status: 'accepted',
    old: [],
    doc: 'Executable for a detached beat.',
  },
};
