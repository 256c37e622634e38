import { parseArgs } from 'node:util';
import { durationMs, formatDuration } from '@ctq/runtime';
import { startFaultProxy, startRedisServer } from '@ctq/test-services';
import { type EnduranceOptions, lastLong } from './endurance.js';
import { endure } from './endure.js';
import { type Place, privateRabbitmqPlace, privateRedisPlace, sqlitePlace } from './place.js';
import { enduranceSection, killSection, ordealSection, type Section, workflowSection, writeSection } from './report.js';
import { soak, type SoakOptions } from './soak.js';
import { networkTrouble, storm } from './trouble.js';
import { workflowOrdeal, type WorkflowOrdealOptions } from './workflows/workflow-ordeal.js';

const { values, positionals } = parseArgs({
  allowNegative: true,
  allowPositionals: true,
  options: {
    broker: { type: 'string', default: 'sqlite' },
    faults: { type: 'string', default: 'kills' },
    tasks: { type: 'string', default: '20000' },
    count: { type: 'string', default: '2000' },
    kills: { type: 'string', default: '200' },
    seconds: { type: 'string', default: '120' },
    workers: { type: 'string', default: '2' },
    concurrency: { type: 'string' },
    pool: { type: 'string', default: 'async' },
    seed: { type: 'string', default: '1' },
    lease: { type: 'string', default: '2s' },
    report: { type: 'boolean', default: true },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

const usage = `npm run soak -- [--pool async|solo|threads|processes] [--broker sqlite|redis|rabbitmq] [--tasks N] [--kills K] [--seed S] [--lease 2s|default] [--faults broker]
                [--workers N] [--concurrency N] [--no-report]
npm run soak -- --faults none [--pool …] [--broker …] [--tasks N] [--concurrency N] [--no-report]
npm run soak -- --faults network|storm [--tasks N] [--seconds N] [--workers N] [--concurrency N] [--seed N] [--lease 2s] [--no-report]
npm run soak -- workflows [--broker …] [--count N] [--kills K] [--seed S] [--lease 2s|default] [--no-report]

The first form kills workers, and slots where the pool has them, in the middle of tasks; with --faults broker the server too. The second lets one worker
be and watches what it takes. The third is for Redis: everything that a network does wrong, or a server that ends all connections and forgets all scripts
every 50 ms. The fourth runs workflows of any shape while workers of the pools async and processes, and slots, are killed, and compares what they come to with what Celery's rules give; it
goes on until all kills are made. Redis and RabbitMQ are private servers; RabbitMQ has no leases, and results are in a Redis that nobody kills.
`;

const faults = ['kills', 'broker', 'none', 'network', 'storm'] as const;
const stores = ['sqlite', 'redis', 'rabbitmq'] as const;
const pools = ['async', 'solo', 'threads', 'processes'] as const;

const subject = oneOf('subject', ['tasks', 'workflows'] as const, positionals[0] ?? 'tasks');

if (values.help) process.stdout.write(usage);
else if (subject === 'workflows') {
  const section = await killAmongWorkflows();
  if (values.report) await writeSection(section);
} else {
  const fault = oneOf('faults', faults, values.faults);
  const section =
    fault === 'none'
      ? await last()
      : fault === 'network' || fault === 'storm'
        ? await suffer(fault)
        : await kill(fault);
  if (values.report) await writeSection(section);
}

function oneOf<T extends string>(name: string, choices: readonly T[], value: string): T {
  const chosen = choices.find((choice) => choice === value);
  if (chosen === undefined) throw new TypeError(`--${name} is one of ${choices.join(', ')}, not '${value}'.`);
  return chosen;
}

/** By default as many as leave the machine some air; solo has one. */
function concurrencyOf(pool: (typeof pools)[number]): number {
  if (pool === 'solo') return 1;
  return Number(values.concurrency ?? (pool === 'async' ? 20 : 2));
}

function leaseOf(text: string): string | undefined {
  if (text === 'default') return undefined;
  // A bare number is seconds.
  return formatDuration(durationMs(/^\d+$/.test(text) ? Number(text) : text));
}

async function openPlace(lease: string | undefined): Promise<Place> {
  const store = oneOf('broker', stores, values.broker);
  if (store === 'rabbitmq') return await privateRabbitmqPlace();
  return store === 'redis' ? await privateRedisPlace(lease) : await sqlitePlace(lease);
}

async function kill(fault: 'kills' | 'broker'): Promise<Section> {
  const lease = leaseOf(values.lease);
  const pool = oneOf('pool', pools, values.pool);
  const withBroker = fault === 'broker';
  await using place = await openPlace(lease);
  if (withBroker && place.killBroker === undefined)
    throw new TypeError(
      'An SQLite file has no server that could be killed: whoever works with it is, with --faults kills.',
    );
  const options: SoakOptions = {
    tasks: Number(values.tasks),
    kills: Number(values.kills),
    of: [
      'worker',
      ...(pool === 'threads' || pool === 'processes' ? (['slot'] as const) : []),
      ...(withBroker ? (['broker'] as const) : []),
    ],
    workers: Number(values.workers),
    concurrency: concurrencyOf(pool),
    pool,
    seed: Number(values.seed),
    onProgress: (done, kills) =>
      void (kills % 10 === 0 && process.stdout.write(`${kills} kills, ${done} tasks done\n`)),
  };
  const report = await soak(options, place);
  const { recoveriesMs, descriptors: _, ...figures } = report;
  process.stdout.write(`${JSON.stringify({ ...figures, recovered: recoveriesMs.length }, null, 2)}\n`);
  process.exitCode = report.lost === 0 ? 0 : 1;
  return killSection({ options, lease, withBroker, report });
}

async function killAmongWorkflows(): Promise<Section> {
  const lease = leaseOf(values.lease);
  await using place = await openPlace(lease);
  const options: WorkflowOrdealOptions = {
    seed: Number(values.seed),
    count: Number(values.count),
    atOnce: 40,
    kills: Number(values.kills),
    workers: [
      ['async', 20],
      ['processes', 2],
    ],
    onProgress: (done, kills) =>
      void (kills % 10 === 0 && process.stdout.write(`${kills} kills, ${done} workflows done\n`)),
  };
  const report = await workflowOrdeal(options, place);
  process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  process.exitCode = report.wrong.length === 0 ? 0 : 1;
  return workflowSection({ options, lease, report });
}

async function last(): Promise<Section> {
  const pool = oneOf('pool', pools, values.pool);
  await using place = await openPlace(undefined);
  const options: EnduranceOptions = {
    pool,
    tasks: Number(values.tasks),
    concurrency: concurrencyOf(pool),
    onSample: (sample, index) => void (index % 5 === 0 && process.stdout.write(`${JSON.stringify(sample)}\n`)),
  };
  const report = await lastLong(options, place);
  return enduranceSection({ options, report });
}

async function suffer(faults: 'network' | 'storm'): Promise<Section> {
  const { seed } = values;
  await using server = await startRedisServer();
  const { hostname: host, port } = new URL(server.url);
  await using proxy = await startFaultProxy({ target: { host, port: Number(port) } });
  const options = {
    tasks: Number(values.tasks),
    seconds: Number(values.seconds),
    workers: Number(values.workers),
    concurrency: concurrencyOf('async'),
    leaseSeconds: durationMs(leaseOf(values.lease) ?? '30s') / 1_000,
  };
  const report = await endure({
    ...options,
    url: server.url,
    through: faults === 'network' ? proxy.through(server.url) : server.url,
    disturb: faults === 'network' ? networkTrouble(proxy, Number(seed)) : storm(server.url, 50),
  });
  process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  process.exitCode = report.lost + report.wrong === 0 && report.heardAfterMs < 10_000 ? 0 : 1;
  const counted = Object.entries(proxy.stats.faults).map(([kind, count]) => `${count} × ${kind}`);
  return ordealSection({
    ...options,
    report,
    title: faults === 'network' ? 'A network on which everything goes wrong' : 'A storm of CLIENT KILL',
    command: `--faults ${faults} --tasks ${options.tasks} --seconds ${options.seconds} --seed ${seed}`,
    trouble:
      faults === 'network'
        ? `${counted.join(', ')}, one after the other`
        : 'CLIENT KILL of all connections and SCRIPT FLUSH every 50 ms',
  });
}
