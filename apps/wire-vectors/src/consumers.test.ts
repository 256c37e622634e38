import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { vectorNames } from './index.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** Tests that read every vector of a file, each of which is compared there or listed with a reason. */
const consumers: Readonly<Record<string, readonly string[]>> = {
  amqp_traces: [
    'apps/interop/src/declarations.test.ts',
    'packages/transport-amqp/src/delayed-topology.test.ts',
    'packages/transport-amqp/src/wire-frames.test.ts',
  ],
  'canvas.amqp': ['packages/core/src/protocol/task-vectors.test.ts', 'packages/transport-amqp/src/wire-frames.test.ts'],
  'canvas.redis': ['packages/core/src/protocol/task-vectors.test.ts'],
  'control.amqp': ['packages/worker/src/__fixtures__/control-vectors.ts'],
  'control.redis': ['packages/worker/src/__fixtures__/control-vectors.ts'],
  'release/control.amqp': ['packages/worker/src/__fixtures__/control-vectors.ts'],
  'chords.redis': ['apps/redis-commands/src/scenarios.ts', 'apps/redis-commands/src/decoding.test.ts'],
  'release/canvas.amqp': [
    'packages/core/src/protocol/task-vectors.test.ts',
    'packages/transport-amqp/src/wire-frames.test.ts',
  ],
  'release/canvas.redis': ['packages/core/src/protocol/task-vectors.test.ts'],
  beat: ['packages/core/src/protocol/task-vectors.test.ts'],
  chord_unlock: ['packages/core/src/protocol/task-vectors.test.ts'],
  delayed_routing_keys: ['packages/transport-amqp/src/delayed-topology.test.ts'],
  database_backend: ['packages/core/src/result/result-codec.test.ts'],
  exception_decoding: ['packages/core/src/result/stored-error.test.ts'],
  json_types: ['packages/messaging/src/serialization/json-vectors.test.ts'],
  redis_traces: ['apps/redis-commands/src/scenarios.ts', 'apps/redis-commands/src/decoding.test.ts'],
  redis_variants: ['packages/transport-redis/src/kombu-layout.test.ts', 'apps/redis-commands/src/decoding.test.ts'],
  'release/database_backend': ['packages/core/src/result/result-codec.test.ts'],
  'release/results.redis': ['packages/core/src/result/result-codec.test.ts'],
  'release/rpc_results.amqp': [
    'packages/core/src/result/result-codec.test.ts',
    'packages/backend-rpc/src/reply.test.ts',
  ],
  required_fields: [
    'packages/core/src/protocol/task-vectors.test.ts',
    'packages/messaging/src/message/envelope.test.ts',
    'apps/interop/src/odd-messages.test.ts',
  ],
  'results.redis': ['packages/core/src/result/result-codec.test.ts', 'apps/redis-commands/src/scenarios.ts'],
  'results_extended.redis': ['packages/core/src/result/result-codec.test.ts'],
  'rpc_results.amqp': ['packages/core/src/result/result-codec.test.ts', 'packages/backend-rpc/src/reply.test.ts'],
  saferepr: ['packages/core/src/protocol/args-repr.test.ts'],
  'task_messages_v1.amqp': [
    'packages/core/src/protocol/task-vectors.test.ts',
    'packages/transport-amqp/src/wire-frames.test.ts',
  ],
  'task_messages_v1.redis': [
    'packages/core/src/protocol/task-vectors.test.ts',
    'packages/core/src/sending/wire-calls-v1.test.ts',
  ],
  'task_messages_v2.amqp': [
    'apps/interop/src/declarations.test.ts',
    'packages/core/src/protocol/task-vectors.test.ts',
    'packages/transport-amqp/src/wire-frames.test.ts',
  ],
  'task_messages_v2.redis': [
    'packages/core/src/protocol/task-vectors.test.ts',
    'packages/core/src/sending/wire-calls.test.ts',
  ],
  'worker_published.redis': [
    'packages/core/src/protocol/task-vectors.test.ts',
    'packages/core/src/execute/resend.test.ts',
    'packages/core/src/execute/worker-published.test.ts',
  ],
};

/** Files that nothing here has to do with yet. */
const waiting: Readonly<Record<string, string>> = {
  amqp_topology: 'listings of a broker: what is in them is declared in amqp_traces, with the types of its arguments',
  auth_serializer: 'no signed messages yet',
  cache_backend: 'there is no memcached backend',
  'events.amqp': 'no events yet',
  'events.redis': 'no events yet',
  filesystem_backend: 'no backend in a folder yet',
  filesystem_transport: 'no transport in a folder yet',
  'release/amqp_traces': 'of 5.6.2, which differs in queues that ctq does not declare yet',
  'release/redis_variants': 'of 5.6.2, whose queues on Redis did not expire: ctq goes by the newer form',
  sqlalchemy_transport: 'no transport of SQLAlchemy',
};

const familyOf = (name: string): string => name.replace(/^release\//, '');
/** How the file is named where tests read all files whose names begin so. */
const prefixOf = (name: string): string => familyOf(name).replace(/(?:_v\d)?\.(?:redis|amqp)$/, '');

describe('every file of vectors', () => {
  it.each(vectorNames())('%s is read by a test, or it is said why not', (name) => {
    const tests = consumers[name] ?? [];
    const reason = waiting[name] ?? (consumers[name] === undefined ? waiting[familyOf(name)] : undefined);
    expect(tests.length > 0).toBe(reason === undefined);
    for (const test of tests) {
      const text = existsSync(`${root}${test}`) ? readFileSync(`${root}${test}`, 'utf8') : '';
      const isNamed = new RegExp(`\\b${familyOf(name).replace('.', '\\.')}\\b|'${prefixOf(name)}'`).test(text);
      expect(isNamed, `${test} names ${name}`).toBe(true);
    }
  });

  it('that waits for something is read by no test', () => {
    const names = new Set(vectorNames());
    const stale = [...Object.keys(consumers), ...Object.keys(waiting)].filter((name) => !names.has(name));
    expect(stale).toEqual([]);
    expect(Object.keys(waiting).filter((name) => name in consumers)).toEqual([]);
  });
});
