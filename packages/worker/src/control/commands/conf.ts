import { snakeCase } from '@ctq/core';
import { plainValue } from '../plain-value.js';
import { inspectCommand, type WorkerCommand } from '../worker-command.js';

/** Under Celery's names, without secrets (celery 5.6 app/utils.py, Settings.table and filter_hidden_settings). */
export const conf: WorkerCommand = inspectCommand({
  name: 'conf',
  alias: 'dump_conf',
  args: { with_defaults: 'boolean' },
  signature: '[include_defaults=False]',
  help: 'List configuration.',
  run: ({ app }, { with_defaults: withDefaults = false }) =>
    Object.fromEntries(
      Object.entries(app.conf.table({ withDefaults })).map(([name, value]) => [snakeCase(name), plainValue(value)]),
    ),
});
