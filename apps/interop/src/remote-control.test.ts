import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ControlFleet, nodes, queues } from './control-fleet.js';
import { eventually } from './mixed-fleet.js';
import { describeOverBrokers } from './places.js';
import { makingPythonMs } from './python/environment.js';
import { shapeOf } from './shape-of.js';

/** Both, so that the client has done when both have answered. */
const both = { destination: [nodes.typescript, nodes.python], timeout: 10 };

describeOverBrokers(
  'Remote control, with real Celery',
  { redis: 'interopControl', amqp: 'interopControl' },
  (place) => {
    const fleet = new ControlFleet(place);
    const { app } = fleet;
    app.task('typescript.gated', (gate: string) => fleet.waitFor(gate));
    app.task('shared.hop', () => undefined);

    beforeAll(() => fleet.start(), makingPythonMs);
    afterAll(() => fleet.stop(), 30_000);

    /** What each worker answers to Python's client. */
    async function answers(command: string, args: Readonly<Record<string, unknown>> = {}) {
      const replies = await fleet.celery.broadcast(command, args, both);
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

      test('is told the same of tasks that run {python → ctq: inspect commands}', async () => {
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
          await fleet.open(ids[0]);
          for (let n = 0; n < 2; n += 1) await fleet.open(ids[1]);
        }
      });

      test('names workers by patterns {python → ctq: control commands}', async () => {
        const glob = await fleet.celery.broadcast(
          'ping',
          {},
          { pattern: 'type*', matcher: 'glob', timeout: 5, limit: 1 },
        );
        expect(glob).toEqual({ [nodes.typescript]: { ok: 'pong' } });
        const pcre = await fleet.celery.broadcast(
          'ping',
          {},
          { pattern: '(typescript|python)@', matcher: 'pcre', timeout: 5, limit: 2 },
        );
        expect(pcre).toEqual({ [nodes.typescript]: { ok: 'pong' }, [nodes.python]: { ok: 'pong' } });
      });
    });

    describe("Celery's command line", () => {
      test('tells the status of both {python → ctq: celery status}', async () => {
        const { code, output } = await fleet.celery.commandLine('status', '-d', both.destination.join(), '-t', '10');
        expect([code, output.split('\n').toSorted()]).toEqual([
          0,
          ['', '', '2 nodes online.', `->  ${nodes.python}: OK`, `->  ${nodes.typescript}: OK`].toSorted(),
        ]);
      });
    });

    describe("ctq's client", () => {
      test('has the same answer of both workers {ctq → python: control commands}', async () => {
        const replies = await app.control.ask('ping', {}, { destination: both.destination, timeout: '10s' });
        expect(replies.map(({ value }) => value)).toEqual([{ ok: 'pong' }, { ok: 'pong' }]);
        expect(replies.map(({ node }) => node).toSorted()).toEqual(both.destination.toSorted());
      });
    });
  },
);
