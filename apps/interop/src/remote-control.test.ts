import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ControlFleet, nodes, queues } from './control-fleet.js';
import { eventually } from './mixed-fleet.js';
import { describeOverBrokers } from './places.js';
import { makingPythonMs } from './python/environment.js';
import { shapeOf } from './shape-of.js';

const cli = fileURLToPath(import.meta.resolve('@ctq/cli/bin'));
/** Where the adapters are found from. */
const here = fileURLToPath(new URL('../', import.meta.url));

/** Both, so that the client has done when both have answered. A machine may be held up for a while. */
const both = { destination: [nodes.typescript, nodes.python], timeout: 25 };

/** What is asked more than once in one test. */
const patiently = { timeout: 90_000 };

describeOverBrokers(
  'Remote control, with real Celery',
  { redis: 'interopControl', amqp: 'interopControl' },
  (place) => {
    const fleet = new ControlFleet(place, { taskEvents: true });
    const { app } = fleet;
    app.task('typescript.gated', (gate: string) => fleet.gates.waitFor(gate));
    app.task('shared.hop', () => undefined);

    beforeAll(() => fleet.start(), makingPythonMs);
    afterAll(() => fleet.stop(), 30_000);

    /** What each worker answers to Python's client. */
    async function answers(command: string, args: Readonly<Record<string, unknown>> = {}) {
      const replies = await fleet.celery.broadcast(command, args, both);
      const silent = both.destination.filter((node) => !(node in replies));
      if (silent.length > 0)
        throw new Error(`No answer to ${command} of ${silent.join(', ')}. The Python worker said:\n${fleet.pythonLog}`);
      return { ours: replies[nodes.typescript], theirs: replies[nodes.python] };
    }

    describe("Python's client", () => {
      test.each([
        ['ping', {}],
        ['rate_limit', { task_name: 'shared.hop', rate_limit: '10/m' }],
        ['rate_limit', { task_name: 'shared.hop', rate_limit: 0 }],
        ['rate_limit', { task_name: 'nobody', rate_limit: 1 }],
        ['time_limit', { task_name: 'shared.hop', soft: 5, hard: 10 }],
        ['time_limit', { task_name: 'nobody', soft: 5 }],
        ['add_consumer', { queue: 'more' }],
        ['cancel_consumer', { queue: 'more' }],
        ['revoke', { task_id: 'none-of-these' }],
        ['revoke', { task_id: 'none-of-these', terminate: true }],
        ['revoke_by_stamped_headers', { headers: { customer: 'none' } }],
        ['autoscale', { max: 5, min: 1 }],
        ['pool_restart', {}],
        ['unheard_of', {}],
      ])('has the same answer of both workers to %s %j {python → ctq: control commands}', async (command, args) => {
        const { ours, theirs } = await answers(command, args);
        expect(ours).toEqual(theirs);
      });

      test.each([
        ['clock', {}],
        ['revoked', {}],
        ['active_queues', {}],
        ['scheduled', {}],
      ])(
        'has an answer of the same shape of both workers to %s {python → ctq: inspect commands}',
        async (command, args) => {
          const { ours, theirs } = await answers(command, args);
          expect(shapeOf(ours)).toEqual(shapeOf(theirs));
        },
      );

      test('is told the same of tasks that run {python → ctq: inspect commands}', patiently, async () => {
        const ids = [crypto.randomUUID(), crypto.randomUUID()] as const;
        await app.sendTask('typescript.gated', [ids[0]], {}, { taskId: ids[0], queue: queues.typescript });
        await app.sendTask('python.gated', [ids[1]], {}, { taskId: ids[1], queue: queues.python });
        try {
          await eventually(async () => {
            const { ours, theirs } = await answers('active');
            return (ours as unknown[]).length === 1 && (theirs as unknown[]).length === 1;
          });
          const { ours, theirs } = await answers('active');
          expect(shapeOf(ours)).toEqual(shapeOf(theirs));
          expect(ours).toMatchObject([
            {
              ...{ id: ids[0], name: 'typescript.gated', type: 'typescript.gated', args: [ids[0]], kwargs: {} },
              ...{ hostname: nodes.typescript, acknowledged: false, worker_pid: process.pid },
              delivery_info: { exchange: '', routing_key: queues.typescript, redelivered: false },
            },
          ]);
          const found = await answers('query_task', { ids });
          expect(shapeOf(Object.values(found.ours as object))).toEqual(shapeOf(Object.values(found.theirs as object)));
          const safe = await answers('active', { safe: true });
          expect(shapeOf(safe.ours)).toEqual(shapeOf(safe.theirs));
        } finally {
          await fleet.gates.open(ids[0]);
          for (let n = 0; n < 2; n += 1) await fleet.gates.open(ids[1]);
        }
      });

      test('keeps a ctq worker from running what it revokes {python → ctq: revoke}', async () => {
        const id = crypto.randomUUID();
        await answers('revoke', { task_id: id });
        const result = await app.sendTask('shared.hop', [], {}, { taskId: id, queue: queues.typescript });
        await expect(result.get({ timeout: '20s' })).rejects.toThrow(/revoked/i);
      });

      test('names workers by patterns {python → ctq: control commands}', async () => {
        const glob = await fleet.celery.broadcast(
          'ping',
          {},
          { pattern: 'type*', matcher: 'glob', timeout: 20, limit: 1 },
        );
        expect(glob).toEqual({ [nodes.typescript]: { ok: 'pong' } });
        const pcre = await fleet.celery.broadcast(
          'ping',
          {},
          { pattern: '(typescript|python)@', matcher: 'pcre', timeout: 20, limit: 2 },
        );
        expect(pcre).toEqual({ [nodes.typescript]: { ok: 'pong' }, [nodes.python]: { ok: 'pong' } });
      });
    });

    describe("Celery's command line", () => {
      const to = ['-d', both.destination.join(), '-t', String(both.timeout)];

      test('tells the status of both {python → ctq: command line}', async () => {
        const { code, output } = await fleet.celery.commandLine('status', ...to);
        expect([code, output.split('\n').toSorted()]).toEqual([
          0,
          ['', '', '2 nodes online.', `->  ${nodes.python}: OK`, `->  ${nodes.typescript}: OK`].toSorted(),
        ]);
      });

      test.each([
        ['ping'],
        ['clock'],
        ['active'],
        ['reserved'],
        ['scheduled'],
        ['revoked'],
        ['registered'],
        ['registered', 'rate_limit', 'max_retries'],
        ['active_queues'],
        ['query_task', 'none-of-these'],
        ['report'],
        ['memdump'],
      ])('prints an answer of one shape of both to inspect %s {python → ctq: command line}', async (...command) => {
        const { code, output } = await fleet.celery.commandLine('inspect', ...command, '-j', ...to);
        const replies = JSON.parse(output) as Readonly<Record<string, unknown>>;
        expect(code).toBe(0);
        expect(shapeOf(replies[nodes.typescript])).toEqual(shapeOf(replies[nodes.python]));
      });

      test('prints statistics of both, of one shape but for the pool {python → ctq: command line}', async () => {
        const { output } = await fleet.celery.commandLine('inspect', 'stats', '-j', ...to);
        const replies = JSON.parse(output) as Readonly<
          Record<string, { readonly pool: object; readonly broker: object }>
        >;
        const { pool, broker, ...ours } = replies[nodes.typescript] ?? { pool: {}, broker: {} };
        const { pool: _, broker: theirBroker, ...theirs } = replies[nodes.python] ?? { pool: {}, broker: {} };
        const { total: ran, ...rest } = { total: {}, ...ours };
        const { total: theyRan, ...theirRest } = { total: {}, ...theirs };
        expect(shapeOf(rest)).toEqual(shapeOf(theirRest));
        expect(shapeOf({ ...broker, transport_options: {} })).toEqual(
          shapeOf({ ...theirBroker, transport_options: {} }),
        );
        expect(pool).toMatchObject({ implementation: '@ctq/worker/pool:async', 'max-concurrency': 4 });
      });

      test('prints the settings of both, without passwords {python → ctq: command line}', async () => {
        const { output } = await fleet.celery.commandLine('inspect', 'conf', 'true', '-j', ...to);
        // Celery has one that is infinite, which JSON has no word for.
        const text = output.replaceAll(': Infinity', ': null');
        const replies = JSON.parse(text) as Readonly<Record<string, Readonly<Record<string, unknown>>>>;
        for (const node of both.destination)
          expect(replies[node]).toMatchObject({ task_serializer: 'json', worker_enable_remote_control: true });
        expect(replies[nodes.typescript]).toMatchObject({ task_default_queue: 'typescript' });
      });

      test.each([
        ['add_consumer', 'more'],
        ['cancel_consumer', 'more'],
        ['rate_limit', 'shared.hop', '10/m'],
        ['rate_limit', 'shared.hop', '0'],
        ['rate_limit', 'nobody', '1/m'],
        ['time_limit', 'shared.hop', '5', '10'],
        ['revoke', 'none-of-these'],
        ['terminate', 'SIGTERM', 'none-of-these'],
        ['revoke_by_stamped_headers', 'customer=none'],
        ['pool_grow', '1'],
        ['pool_shrink', '1'],
        ['autoscale', '3', '1'],
        ['pool_restart'],
        ['enable_events'],
        ['disable_events'],
        ['heartbeat'],
      ])('prints the same of both to control %s {python → ctq: command line}', async (...command) => {
        const { code, output } = await fleet.celery.commandLine('control', ...command, ...to);
        expect(code).toBe(0);
        const parts = output.split(/^->  /m).slice(1);
        expect(parts.map((part) => part.split(':')[0]).toSorted()).toEqual(both.destination.toSorted());
        const [first, second] = parts.map((part) => part.slice(part.indexOf(':')).trim());
        expect(first).toBe(second);
      });
    });

    describe("ctq's command line", () => {
      const run = promisify(execFile);
      const ctq = async (...args: readonly string[]): Promise<string> => {
        const { stdout } = await run(
          process.execPath,
          [cli, '-b', place.broker, ...args, '-d', both.destination.join(), '-t', String(both.timeout)],
          { cwd: here },
        );
        return stdout;
      };

      test('prints what Python workers answer as what those of ctq do {ctq → python: command line}', async () => {
        const [status, ping, limit] = await Promise.all([
          ctq('status'),
          ctq('inspect', 'ping', '--json'),
          ctq('control', 'rate_limit', 'shared.hop', '5/m'),
        ]);
        expect(status.split('\n').toSorted()).toEqual(
          ['', '', '2 nodes online.', `->  ${nodes.python}: OK`, `->  ${nodes.typescript}: OK`].toSorted(),
        );
        expect(JSON.parse(ping)).toEqual({ [nodes.typescript]: { ok: 'pong' }, [nodes.python]: { ok: 'pong' } });
        expect(limit.match(/new rate limit set successfully/g)).toHaveLength(2);
      });
    });

    describe("ctq's client", () => {
      test('has the same answer of both workers {ctq → python: control commands}', async () => {
        const replies = await app.control.ask('ping', {}, { destination: both.destination, timeout: '25s' });
        expect(replies.map(({ value }) => value)).toEqual([{ ok: 'pong' }, { ok: 'pong' }]);
        expect(replies.map(({ node }) => node).toSorted()).toEqual(both.destination.toSorted());
      });

      test('reads what a Python worker tells of itself {ctq → python: inspect commands}', async () => {
        const inspect = app.control.inspect({ destination: [nodes.python], timeout: '25s' });
        const answers = {
          ping: await inspect.ping(),
          clock: await inspect.clock(),
          active: await inspect.active(),
          reserved: await inspect.reserved(),
          scheduled: await inspect.scheduled(),
          registered: await inspect.registered(),
          stats: await inspect.stats(),
          queues: await inspect.activeQueues(),
          report: await inspect.report(),
          conf: await inspect.conf(),
        };
        for (const [name, replies] of Object.entries(answers))
          expect([name, [...replies.keys()]]).toEqual([name, [nodes.python]]);
        expect(answers.ping.get(nodes.python)).toBe('pong');
        expect(answers.stats.get(nodes.python)).toMatchObject({ prefetchCount: expect.any(Number) });
        expect(answers.queues.get(nodes.python)).toMatchObject([{ name: queues.python }]);
        expect(answers.registered.get(nodes.python)).toContain('python.add');
        expect(answers.report.get(nodes.python)).toContain('software -> celery:');
      });

      test('tells a Python worker what to do {ctq → python: control commands}', async () => {
        const options = { destination: [nodes.python], timeout: '25s' } as const;
        const told = async (command: string, args: Readonly<Record<string, unknown>>): Promise<unknown> =>
          (await app.control.ask(command, args, options))[0]?.value;
        expect(await told('rate_limit', { task_name: 'shared.hop', rate_limit: '5/m' })).toEqual({
          ok: 'new rate limit set successfully',
        });
        expect(await told('add_consumer', { queue: 'others' })).toEqual({ ok: 'add consumer others' });
        expect(await told('cancel_consumer', { queue: 'others' })).toEqual({ ok: 'no longer consuming from others' });
      });

      test('keeps a Python worker from running what it revokes {ctq → python: revoke}', async () => {
        const id = crypto.randomUUID();
        await app.revoke(id);
        await eventually(async () => {
          const asked = app.control.inspect({ destination: [nodes.python], timeout: '25s' });
          const known = (await asked.revoked()).get(nodes.python) ?? [];
          return known.includes(id);
        });
        const result = await app.sendTask('python.add', [1, 2], {}, { taskId: id, queue: queues.python });
        await expect(result.get({ timeout: '20s' })).rejects.toThrow(/revoked/i);
      });
    });
  },
);
