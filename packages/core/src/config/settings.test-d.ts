import type { PublishRetryPolicy } from '@ctq/messaging';
import { describe, expectTypeOf, test } from 'vitest';
import type { Setting, SettingType } from './setting.js';
import type { Settings, SettingsInput } from './settings.js';
import { settingsTable } from './settings-table.js';

const accept = (_: SettingsInput): void => undefined;

describe('what may be given as settings', () => {
  test('is checked in camelCase and in snake_case', () => {
    accept({
      taskAcksLate: false,
      task_time_limit: '10s',
      taskDefaultDeliveryMode: 'transient',
      brokerUrl: ['a', 'b'],
    });
    accept({ resultExpires: null, result_backend_max_sleep_between_retries_ms: 5, taskTimeLimit: undefined });
    accept({ brokerReadUrl: ['a'], broker_write_url: 'b', brokerFailoverStrategy: (urls) => [...urls].reverse() });
    // @ts-expect-error: a strategy gives URLs
    accept({ brokerFailoverStrategy: () => [1] });
    // @ts-expect-error: true or false
    accept({ taskAcksLate: 'yes' });
    // @ts-expect-error: a duration
    accept({ task_time_limit: 'soon' });
    // @ts-expect-error: no such setting
    accept({ taskAckLate: true });
    // @ts-expect-error: no such setting
    accept({ task_ack_late: true });
    // @ts-expect-error: not a duration but a queue's name
    accept({ taskDefaultQueue: 5 });
  });

  test('may be spelled in old upper-case names, whose values are checked at run time', () => {
    accept({ CELERY_ACKS_LATE: true, BROKER_URL: 'redis://h', CELERYD_CONCURRENCY: 4 });
  });
});

describe('resolved settings', () => {
  test('have one type each', () => {
    expectTypeOf<Settings['taskAcksLate']>().toEqualTypeOf<boolean>();
    expectTypeOf<Settings['taskTimeLimit']>().toEqualTypeOf<number | undefined>();
    expectTypeOf<Settings['workerMaxBlockedTime']>().toEqualTypeOf<number>();
    expectTypeOf<Settings['taskDefaultDeliveryMode']>().toEqualTypeOf<1 | 2>();
    expectTypeOf<Settings['workerPool']>().toEqualTypeOf<'async' | 'threads' | 'processes' | 'solo'>();
    expectTypeOf<Settings['acceptContent']>().toEqualTypeOf<readonly string[]>();
    expectTypeOf<Settings['brokerUrl']>().toEqualTypeOf<string | undefined>();
    expectTypeOf<Settings['brokerReadUrl']>().toEqualTypeOf<string | undefined>();
    expectTypeOf<Settings['brokerPublishTimeout']>().toEqualTypeOf<number | undefined>();
    expectTypeOf<Settings['workerMaxSilentTime']>().toEqualTypeOf<number | undefined>();
    expectTypeOf<Settings['timezone']>().toEqualTypeOf<string>();
    expectTypeOf<Settings['taskPublishRetryPolicy']>().toEqualTypeOf<Required<PublishRetryPolicy>>();
  });
});

describe('the table of settings', () => {
  test('has rows of what may be given, with defaults of what becomes of it', () => {
    expectTypeOf(settingsTable.taskAcksLate).toExtend<Setting<boolean>>();
    expectTypeOf<Setting<number | `${number}s` | null>['default']>().toEqualTypeOf<number | undefined>();
    expectTypeOf<Setting<string>['type']>().toEqualTypeOf<SettingType<string>>();
    expectTypeOf<ReturnType<SettingType<'a' | 'b'>['parse']>>().extract<string>().toEqualTypeOf<'a' | 'b'>();
  });
});
