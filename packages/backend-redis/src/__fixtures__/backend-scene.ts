import type { ResultBackend, ResultRecord } from '@ctq/core/backend';
import { Ctq, type SettingsInput } from '@ctq/core';
import { createLogger, type LogRecord } from '@ctq/runtime';
import { Redis } from 'ioredis';
import { onTestFinished } from 'vitest';
import { redisBackend } from '../redis-backend.js';
import type { RedisBackendOptions } from '../redis-backend-options.js';

/** What a test of the results works with: keys of its own in the database of the URL, and a look at them. All is gone when it is over. */
export interface BackendScene {
  /** Before every key. */
  readonly prefix: string;
  /** A connection of the test's own, for what Python programs or an operator do. */
  readonly client: Redis;
  readonly logs: LogRecord[];
  /** A program whose results are there. */
  readonly app: (options?: RedisBackendOptions, settings?: SettingsInput) => Ctq;
  /** The backend of such a program, for what it does for itself. */
  readonly backend: (app: Ctq) => Promise<ResultBackend>;
  readonly key: (taskId: string) => string;
}

export function backendScene(url: string): BackendScene {
  const prefix = `results-${crypto.randomUUID()}:`;
  const client = new Redis(url);
  const logs: LogRecord[] = [];
  onTestFinished(async () => {
    const left = await client.keys(`${prefix}*`);
    if (left.length > 0) await client.del(...left);
    client.disconnect();
  });
  return {
    prefix,
    client,
    logs,
    app(options = {}, settings = {}) {
      const app = new Ctq('results', {
        broker: 'memory://',
        backend: redisBackend({ url, globalKeyprefix: prefix, ...options }),
        logger: createLogger((record) => logs.push(record)),
      }).configFromObject(settings);
      onTestFinished(() => app.close());
      return app;
    },
    backend: (app) => app.kernel.results.backend(),
    key: (taskId) => `${prefix}celery-task-meta-${taskId}`,
  };
}

export function recordOf(taskId: string, changes: Partial<ResultRecord> = {}): ResultRecord {
  return {
    ...{ taskId, status: 'SUCCESS', result: 5, traceback: null, children: [] },
    dateDone: '2026-11-21T02:45:51.135080+00:00',
    ...changes,
  };
}

/** As a Python worker writes it. */
export function documentOf(taskId: string, result: unknown): string {
  return `{"status": "SUCCESS", "result": ${JSON.stringify(result)}, "traceback": null, "children": [], "date_done": "2026-11-21T02:45:51.135080+00:00", "task_id": "${taskId}"}`;
}
