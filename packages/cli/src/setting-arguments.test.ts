import { describe, expect, test } from 'vitest';
import { settingArguments } from './setting-arguments.js';
import { UsageError } from './usage-error.js';

describe('settings behind the options', () => {
  test.each([
    [['worker.prefetch_multiplier=1'], { workerPrefetchMultiplier: 1 }],
    [['worker_prefetch_multiplier=1'], { workerPrefetchMultiplier: 1 }],
    [['.concurrency=2'], { workerConcurrency: 2 }],
    [['_concurrency=2'], { workerConcurrency: 2 }],
    [['Task.Acks_Late=No', 'TIMEZONE=Asia/Tokyo'], { taskAcksLate: false, timezone: 'Asia/Tokyo' }],
    [['task_time_limit=30', 'task.soft_time_limit=20s'], { taskTimeLimit: 30, taskSoftTimeLimit: 20 }],
    [['accept_content=json, msgpack'], { acceptContent: ['json', 'msgpack'] }],
    [['broker.transport_options={"a": 1}'], { brokerTransportOptions: { a: 1 } }],
    [['broker_url=redis://h/0?a=b=c'], { brokerUrl: 'redis://h/0?a=b=c' }],
    [['task_default_queue='], { taskDefaultQueue: '' }],
  ])('%j mean %j [ST-009, SD-284, CL-007]', (args, settings) => {
    expect(settingArguments(args, 'worker')).toEqual(settings);
  });

  test.each([
    ['accept_content=(list)["json"]', { acceptContent: ['json'] }],
    ['accept_content=(tuple)["json"]', { acceptContent: ['json'] }],
    ['accept_content=(json)["json"]', { acceptContent: ['json'] }],
    ['broker_transport_options=(dict){"a": 1}', { brokerTransportOptions: { a: 1 } }],
    ['worker_concurrency=(int)8', { workerConcurrency: 8 }],
    ['task_time_limit=(float)1.5', { taskTimeLimit: 1.5 }],
    ['task_acks_late=(bool)off', { taskAcksLate: false }],
    ['task_default_queue=(string)8', { taskDefaultQueue: '8' }],
    ['task_default_queue=(any)main', { taskDefaultQueue: 'main' }],
    ['worker_concurrency=(any)8', { workerConcurrency: 8 }],
    ['result_expires=(json)null', { resultExpires: null }],
  ])('%s says what type it is [ST-009, SD-284]', (arg, settings) => {
    expect(settingArguments([arg], 'worker')).toEqual(settings);
  });

  test.each([
    ['concurency', "'concurency' is not a setting. Behind the options of ctq worker there are settings alone"],
    ['worker.concurency=1', "there is no setting 'worker_concurency'. Did you mean 'worker_concurrency'?"],
    ['.concurrency=many', "'worker_concurrency' is 'many', expected a whole number from 1"],
    ['.concurrency=(int)many', "'.concurrency=(int)many': this is no int."],
    ['.concurrency=(number)8', "there is no type 'number'"],
    ['accept_content=(list){', 'this is no list.'],
    ['worker.agent=cell', "ctq does not have Celery's setting 'worker_agent'"],
  ])('%s is an error of usage [ST-009, SD-284, CL-007]', (arg, message) => {
    expect(() => settingArguments([arg], 'worker')).toThrow(UsageError);
    expect(() => settingArguments([arg], 'worker')).toThrow(message);
  });

  test('that cannot be read are not shown where they may be secret', () => {
    const read = (): unknown => settingArguments(['broker_transport_options={"password":"hunter2"'], 'worker');
    expect(read).toThrow(UsageError);
    expect(read).not.toThrow('hunter2');
  });
});
