import { Ctq, type AppOptions, type TaskOptions } from '@ctq/core';
import { describe, expect, test } from 'vitest';
import { type TaskPolicy, taskPolicy } from './task-policy.js';

function policyOf(settings: AppOptions, options: TaskOptions): TaskPolicy {
  const { kernel } = new Ctq('test', settings);
  return taskPolicy(kernel, { name: 'add', options, params: undefined, schema: undefined, run: () => undefined });
}

describe('With late acknowledgement', () => {
  test.each<[AppOptions, TaskOptions, acksOnFailure: boolean, acksOnTimeout: boolean]>([
    [{}, {}, true, true],
    [{}, { acksOnFailureOrTimeout: false }, false, false],
    [{ taskAcksOnFailureOrTimeout: false }, {}, false, false],
    [{ taskAcksOnFailureOrTimeout: false }, { acksOnFailureOrTimeout: true }, true, true],
    [{}, { acksOnFailure: false }, false, true],
    [{}, { acksOnTimeout: false }, true, false],
    [{}, { acksOnFailureOrTimeout: false, acksOnFailure: true }, true, false],
    [{}, { acksOnFailureOrTimeout: false, acksOnTimeout: true }, false, true],
    [{ taskAcksOnFailure: false }, { acksOnFailure: true }, true, true],
    [{ taskAcksOnTimeout: false }, {}, true, false],
    [{ taskAcksOnFailureOrTimeout: false, taskAcksOnFailure: true }, {}, true, false],
  ])(
    'settings %j and options %j acknowledge a failure: %s, a timeout: %s [TR-049, TR-050]',
    (...[given, own, ...acks]) => {
      const { acksOnFailure, acksOnTimeout } = policyOf(given, own);
      expect([acksOnFailure, acksOnTimeout]).toEqual(acks);
    },
  );
});
