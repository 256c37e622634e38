import { createResultCodec } from '@ctq/core';
import type { BackendBroker, ResultBackend, ResultCodec, ResultRecord } from '@ctq/core/backend';
import { createContentCodec, openConnection } from '@ctq/messaging';
import type { Transport } from '@ctq/messaging/transport';
import { type Clock, createLogger, type LogRecord, systemClock } from '@ctq/runtime';
import { onTestFinished } from 'vitest';
import { rpc } from '../rpc-backend.js';
import type { RpcBackendOptions } from '../rpc-backend-options.js';

export interface OpenedBackend extends ResultBackend {
  readonly codec: ResultCodec;
  readonly address: string;
  readonly lines: LogRecord[];
}

export interface OpenedBackendOptions {
  readonly transport: Transport;
  readonly address?: string;
  readonly isPersistent?: boolean;
  readonly expiresMs?: number;
  readonly clock?: Clock;
}

/** Another program's broker, without the program. */
export function brokerOver(transport: Transport, given: Partial<BackendBroker> = {}): BackendBroker {
  return {
    replyTo: crypto.randomUUID(),
    isPersistent: false,
    connect: () => Promise.resolve(openConnection({ transport })),
    ...given,
  };
}

/** One side of results that travel, without an app around it; closed with the test. */
export async function openBackend(
  {
    transport,
    address = crypto.randomUUID(),
    isPersistent = false,
    clock = systemClock,
    ...more
  }: OpenedBackendOptions,
  options: RpcBackendOptions = {},
): Promise<OpenedBackend> {
  const backend = rpc(options);
  onTestFinished(() => backend.close());
  const lines: LogRecord[] = [];
  const codec = createResultCodec(createContentCodec(), 'json');
  const broker = brokerOver(transport, { replyTo: address, isPersistent });
  const logger = createLogger((line) => lines.push(line));
  await backend.open({ clock, logger, codec, expiresMs: more.expiresMs, broker }, AbortSignal.timeout(10_000));
  return Object.assign(backend, { codec, address, lines });
}

/** A finished task. */
export function record(taskId: string, given: Partial<ResultRecord> = {}): ResultRecord {
  return { taskId, status: 'SUCCESS', result: taskId, traceback: null, children: [], dateDone: null, ...given };
}
