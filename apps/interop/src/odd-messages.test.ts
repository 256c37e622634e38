import { redisBackend } from '@ctq/backend-redis';
import { Ctq } from '@ctq/core';
import { createLogger, Deadline } from '@ctq/runtime';
import { redisDatabase } from '@ctq/test-services';
import { describeWith } from '@ctq/test-services/vitest';
import { redis } from '@ctq/transport-redis';
import { loadVectors } from '@ctq/wire-vectors';
import { Worker } from '@ctq/worker';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from './mixed-fleet.js';

interface Handmade {
  readonly payload: string;
  /** What Celery's worker stored; null for nothing. */
  readonly result_status: string | null;
}

/** Where ctq's worker stores something else than Celery's. */
const otherwise: Readonly<Record<string, string>> = {
  // Celery looks for the id of a group in what is null (`TypeError: argument of type 'NoneType' is not iterable`).
  callbacks_minimal: 'SUCCESS',
};

describeWith('redis', 'Messages with missing or odd fields, of which some end a worker of Celery', (url) => {
  const broker = redisDatabase(url, 'interopOddMessages');
  const admin = new Redis(broker);
  const app = new Ctq('odd', {
    broker: redis({ url: broker }),
    backend: redisBackend({ url: broker }),
    logger: createLogger(() => undefined),
  });
  app.task('wire.add', { params: ['x', 'y'] }, (x: number, y: number) => x + y);
  app.task('wire.ident', (value: unknown) => value);
  const worker = new Worker(app);

  beforeAll(async () => {
    await admin.flushdb();
    await worker.start();
  });
  afterAll(async () => {
    await worker.stop(Deadline.after(5_000));
    await app.close();
    admin.disconnect();
  });

  const vectors = loadVectors('required_fields').map(({ name, description, raw }) => ({
    name,
    description,
    raw: raw as unknown as Handmade,
  }));

  test.each(vectors)('end in ctq as in Celery, and are left nowhere: $name ($description)', async ({ name, raw }) => {
    await admin.lpush('celery', raw.payload);
    await eventually(async () => (await admin.exists('celery', 'unacked', 'ctq.held')) === 0);
    const id = idOf(raw.payload);
    const state = id === undefined ? null : ((await app.asyncResult(id).record())?.status ?? null);
    expect(state).toBe(otherwise[name] ?? raw.result_status);
    // It goes on.
    expect(await (await app.sendTask('wire.add', [1, 1])).get({ timeout: '20s' })).toBe(2);
  });
});

function idOf(payload: string): string | undefined {
  try {
    const { headers, body } = JSON.parse(payload) as {
      readonly headers?: { readonly id?: string };
      readonly body?: string;
    };
    if (headers?.id !== undefined) return headers.id;
    return (JSON.parse(Buffer.from(body ?? '', 'base64').toString()) as { readonly id?: string }).id;
  } catch {
    return undefined;
  }
}
