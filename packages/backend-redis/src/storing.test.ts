import { BackendStoreError } from '@ctq/core/backend';
import { silentLogger, systemClock } from '@ctq/runtime';
import { recordCommands } from '@ctq/test-services/redis-monitor';
import { redisDatabase, redisDatabases } from '@ctq/test-services';
import { describeWith } from '@ctq/test-services/vitest';
import { describe, expect, test } from 'vitest';
import { backendScene, recordOf } from './__fixtures__/backend-scene.js';
import { redisBackendConfig } from './redis-backend-options.js';
import { largestValueBytes, storableDocument } from './value-limit.js';
import { WriteRetries } from './write-retries.js';

const text = (document: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(document));
const codec = {
  isText: true,
  format: { contentType: 'application/json', contentEncoding: 'utf-8' },
  encode: text,
  encodeValue: text,
  decode: () => recordOf('unused'),
  decodeValue: () => undefined,
};
const context = { clock: systemClock, logger: silentLogger, codec, expiresMs: undefined };

describeWith('redis', 'Storing results in Redis', (url) => {
  test('[BK-046] sets and publishes in one step, however many they are', async () => {
    const scene = backendScene(url);
    const backend = await scene.backend(scene.app());
    // From now on the server knows the script.
    await backend.store([recordOf('before')]);
    const commands = await recordCommands(url, () => backend.store([recordOf('a'), recordOf('b')]));
    const own = commands.filter(({ args }) => args.some((argument) => argument.startsWith(scene.prefix)));
    expect(own.map(({ name, client }) => (client === 'lua' ? `lua ${name}` : name.slice(0, 4)))).toEqual(
      expect.arrayContaining(['lua SET', 'lua PUBLISH', 'EVAL']),
    );
    expect(own.filter(({ client }) => client !== 'lua')).toHaveLength(1);
    for (const id of ['a', 'b']) {
      const [published] = own.filter(({ name, args }) => name === 'PUBLISH' && args[0] === scene.key(id));
      expect(published?.args[1]).toBe(await scene.client.get(scene.key(id)));
    }
  });

  test.each([
    [60, 60_000],
    ['2h', 7_200_000],
    [0, -1],
    [null, -1],
  ] as const)(
    '[BK-049, BK-165] keeps them for resultExpires %j, by the server itself',
    async (resultExpires, expected) => {
      const scene = backendScene(url);
      const backend = await scene.backend(scene.app({}, { resultExpires }));
      await backend.store([recordOf('t')]);
      await backend.groups?.saveGroup('g', [['g', null], []]);
      await backend.chords?.openChord('c', 2);
      await backend.chords?.addPart('c', { taskId: 't', index: 0, state: 'SUCCESS', result: 1 });
      const keys = await scene.client.keys(`${scene.prefix}*`);
      expect(keys.map((key) => key.slice(scene.prefix.length)).sort()).toEqual([
        'celery-task-meta-t',
        'celery-taskset-meta-c.j',
        'celery-taskset-meta-c.s',
        'celery-taskset-meta-g',
      ]);
      for (const key of keys) {
        const left = await scene.client.pttl(key);
        expect(Math.abs(left - expected)).toBeLessThan(5_000);
      }
      expect(backend.cleanup).toBeUndefined();
    },
  );

  test.each(['json', 'msgpack', 'yaml'])('[BK-019] a stored success stays, in %s', async (resultSerializer) => {
    const scene = backendScene(url);
    const backend = await scene.backend(scene.app({}, { resultSerializer, resultAcceptContent: [resultSerializer] }));
    await backend.store([recordOf('t', { status: 'STARTED' })]);
    await backend.store([recordOf('t', { result: 'first' })]);
    await backend.store([recordOf('t', { status: 'RETRY', result: 'status: STARTED' })]);
    expect((await backend.getMany(['t'])).get('t')).toMatchObject({ status: 'SUCCESS', result: 'first' });
  });

  test("[BK-019] Python's success stays, whose YAML is sorted by name", async () => {
    const scene = backendScene(url);
    const settings = { resultSerializer: 'yaml', resultAcceptContent: ['yaml'] };
    const backend = await scene.backend(scene.app({}, settings));
    const document = 'children: []\nresult: first\nstatus: SUCCESS\ntask_id: t\ntraceback: null\n';
    await scene.client.set(scene.key('t'), document);
    await backend.store([recordOf('t', { status: 'FAILURE' })]);
    expect(await scene.client.get(scene.key('t'))).toBe(document);
  });

  test('[BK-050] reads any number of them with one command', async () => {
    const scene = backendScene(url);
    const backend = await scene.backend(scene.app());
    const ids = ['a', 'b', 'c'];
    await backend.store(ids.map((id) => recordOf(id)));
    const commands = await recordCommands(url, async () => {
      expect([...(await backend.getMany([...ids, 'missing'])).keys()]).toEqual(ids);
    });
    const own = commands.filter(({ args }) => args.includes(scene.key('a')));
    expect(own.map(({ name, args }) => [name, args.length])).toEqual([['MGET', 4]]);
  });

  test('[BK-056] is tried again while Redis is away, where that is asked for', async () => {
    // The connections to this database are those of this test.
    const database = redisDatabase(url, 'storing');
    const scene = backendScene(database);
    const app = scene.app({ retryPolicy: { intervalStep: 0.05, intervalMax: 0.1 } });
    const backend = await scene.backend(app);
    const retried = (): boolean =>
      scene.logs.some(({ message }) => message.startsWith('Connection to Redis lost: Retry'));
    const ids: string[] = [];
    while (!retried()) {
      const lines = String(await scene.client.client('LIST')).split('\n');
      const own =
        lines.find((line) => line.includes(` db=${redisDatabases.storing} `) && line.includes(' name=ctq-results ')) ??
        '';
      const id = /^id=(\d+)/.exec(own)?.[1];
      ids.push(crypto.randomUUID());
      const kill = id === undefined ? undefined : scene.client.client('KILL', 'ID', id);
      await Promise.all([kill, backend.store([recordOf(ids.at(-1) ?? '')])]);
    }
    expect(await scene.client.exists(...ids.map(scene.key))).toBe(ids.length);
  });
});

describe('Writes that fail because Redis is away', () => {
  const away = new BackendStoreError('Connection is closed.', { recoverable: true });
  const lines: string[] = [];
  const logger = { ...silentLogger, error: (_fields: unknown, message: string) => void lines.push(message) };
  const retries = (policy: object): WriteRetries => {
    const { retryPolicy } = redisBackendConfig({ retryPolicy: policy });
    return new WriteRetries(retryPolicy, () => ({ ...context, logger: logger as typeof silentLogger }));
  };

  test("[BK-056] are tried again by Celery's policy, and say so in its words", async () => {
    lines.length = 0;
    let attempts = 0;
    const write = async (): Promise<string> => {
      attempts += 1;
      if (attempts < 4) throw away;
      return 'written';
    };
    expect(await retries({ interval_step: 0.01, intervalMax: 0.01 }).run(write)).toBe('written');
    expect(lines).toEqual([
      'Connection to Redis lost: Retry (1/20) now.',
      'Connection to Redis lost: Retry (2/20) in 0.01 seconds.',
      'Connection to Redis lost: Retry (3/20) in 0.01 seconds.',
    ]);
  });

  test('[BK-056, BK-026] are given up after so many attempts, or when the backend is closed', async () => {
    let attempts = 0;
    const write = async (): Promise<never> => {
      attempts += 1;
      throw away;
    };
    await expect(retries({ maxRetries: 2, intervalStep: 0, intervalMax: 0 }).run(write)).rejects.toBe(away);
    expect(attempts).toBe(3);
    const closed = retries({ intervalStart: 60, intervalMax: 60 });
    const run = closed.run(write);
    closed.stop();
    await expect(run).rejects.toBe(away);
  });

  test('are tried once without a policy, and when trying again cannot help', async () => {
    let attempts = 0;
    const write = (error: Error) => async (): Promise<never> => {
      attempts += 1;
      throw error;
    };
    await expect(new WriteRetries(undefined, () => context).run(write(away))).rejects.toBe(away);
    const lasting = new BackendStoreError('WRONGTYPE', { recoverable: false });
    await expect(retries({}).run(write(lasting))).rejects.toBe(lasting);
    await expect(retries({}).run(write(new TypeError('a mistake')))).rejects.toThrow(TypeError);
    expect(attempts).toBe(3);
  });
});

describe('A result that is too large for Redis', () => {
  test('[BK-055] is stored as a BackendStoreError, and no other is harmed', () => {
    expect(largestValueBytes).toBe(512 * 1_024 * 1_024);
    const large = recordOf('t', { result: 'x'.repeat(500) });
    expect(String(storableDocument(codec, large, 1_000))).toBe(JSON.stringify(large));
    const stored = JSON.parse(String(storableDocument(codec, large, 400))) as Record<string, unknown>;
    expect(stored).toMatchObject({
      taskId: 't',
      status: 'FAILURE',
      result: { excType: 'BackendStoreError', excModule: 'celery.exceptions' },
    });
    expect(() => storableDocument(codec, { ...large, status: 'PROGRESS', dateDone: null }, 400)).toThrow(
      BackendStoreError,
    );
  });
});
