import type { KnownEvent, ReceivedEvent } from './event-types.js';

type FieldKind = 'text' | 'number' | 'truth' | 'numbers';

/** What fields hold that Celery's programs send. */
const fieldKinds: ReadonlyMap<string, FieldKind> = new Map([
  ...kindOf('text', ['name', 'args', 'kwargs', 'root_id', 'parent_id', 'eta', 'expires', 'queue', 'exchange']),
  ...kindOf('text', ['routing_key', 'result', 'exception', 'traceback', 'sw_ident', 'sw_ver', 'sw_sys']),
  ...kindOf('number', ['pid', 'utcoffset', 'clock', 'retries', 'runtime', 'signum', 'freq', 'active', 'processed']),
  ...kindOf('truth', ['terminated', 'expired', 'requeue']),
  ...kindOf('numbers', ['loadavg']),
]);

const taskTypes = ['sent', 'received', 'started', 'succeeded', 'failed', 'retried', 'revoked', 'rejected'];
const workerTypes = ['online', 'heartbeat', 'offline'];
const knownTypes: ReadonlySet<string> = new Set([
  ...taskTypes.map((name) => `task-${name}`),
  ...workerTypes.map((name) => `worker-${name}`),
]);

/** Whether it is one that Celery's programs send, so that `type` tells the fields. */
export function isKnownEvent(event: ReceivedEvent): event is KnownEvent {
  return knownTypes.has(event.type);
}

/** What a field holds, as far as that has the type that it should have; else null. Fields that Celery's programs do not send hold anything. */
export function readField(field: string, value: unknown): unknown {
  const kind = fieldKinds.get(field);
  return kind === undefined || isOfKind(kind, value) ? value : null;
}

/**
 * Whether something is an event: it has a type, and one of Celery's types says who tells it, when, and of which task. Of these, fields that hold what they should not are null
 * from then on.
 */
export function checkEvent(event: Record<string, unknown>): event is Record<string, unknown> & { type: string } {
  const { type } = event;
  if (typeof type !== 'string' || type === '') return false;
  if (!knownTypes.has(type)) return true;
  if (typeof event['hostname'] !== 'string' || !isOfKind('number', event['timestamp'])) return false;
  if (type.startsWith('task-') && typeof event['uuid'] !== 'string') return false;
  for (const field in event) {
    const value = event[field];
    if (value !== null && readField(field, value) === null) event[field] = null;
  }
  return true;
}

function isOfKind(kind: FieldKind, value: unknown): boolean {
  switch (kind) {
    case 'text':
      return typeof value === 'string';
    case 'number':
      return Number.isFinite(value);
    case 'truth':
      return typeof value === 'boolean';
    case 'numbers':
      return Array.isArray(value) && value.every((one) => Number.isFinite(one));
  }
}

function kindOf(kind: FieldKind, fields: readonly string[]): [string, FieldKind][] {
  return fields.map((field) => [field, kind]);
}
