import { parseArgs } from 'node:util';
import { startFaultProxy, startRedisServer } from '@ctq/test-services';
import { endure } from './endure.js';
import { killSection, ordealSection, type Section, writeSection } from './report.js';
import { soak } from './soak.js';
import { networkTrouble, storm } from './trouble.js';

const { values } = parseArgs({
  allowNegative: true,
  options: {
    broker: { type: 'string', default: 'sqlite' },
    faults: { type: 'string', default: 'kills' },
    tasks: { type: 'string', default: '20000' },
    kills: { type: 'string', default: '200' },
    seconds: { type: 'string', default: '120' },
    workers: { type: 'string', default: '2' },
    concurrency: { type: 'string', default: '20' },
    pool: { type: 'string', default: 'async' },
    seed: { type: 'string', default: '1' },
    lease: { type: 'string', default: '2' },
    report: { type: 'boolean', default: true },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

const usage = `npm run soak -- [--broker sqlite|redis] [--tasks N] [--kills N] [--workers N] [--concurrency N] [--pool async|threads|processes] [--seed N] [--lease SECONDS] [--no-report]
npm run soak -- --faults network|storm [--tasks N] [--seconds N] [--workers N] [--concurrency N] [--seed N] [--lease SECONDS] [--no-report]

The first form kills workers. The second is for Redis: everything that a network does wrong, or a server that ends all connections and forgets
all scripts every 50 ms. Redis is a private server.
`;

if (values.help) process.stdout.write(usage);
else {
  const section = values.faults === 'kills' ? await kill() : await suffer();
  if (values.report) await writeSection(section);
}

async function kill(): Promise<Section> {
  const server = values.broker === 'redis' ? await startRedisServer() : undefined;
  if (server !== undefined) {
    process.env['CTQ_BROKER_URL'] = `${server.url}?lease_duration=${values.lease}s`;
    process.env['CTQ_RESULT_BACKEND'] = server.url.replace(/0$/, '1');
  }
  const report = await soak({
    tasks: Number(values.tasks),
    kills: Number(values.kills),
    workers: Number(values.workers),
    concurrency: Number(values.concurrency),
    pool: values.pool,
    seed: Number(values.seed),
    leaseSeconds: Number(values.lease),
    onProgress: (done, kills) =>
      void (kills % 10 === 0 && process.stdout.write(`${kills} kills, ${done} tasks done\n`)),
  });
  await server?.stop();
  process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  process.exitCode = report.lost === 0 ? 0 : 1;
  return killSection(report);
}

async function suffer(): Promise<Section> {
  const { faults, seed } = values;
  if (faults !== 'network' && faults !== 'storm') throw new TypeError(`--faults is network or storm, not '${faults}'.`);
  await using server = await startRedisServer();
  const { hostname: host, port } = new URL(server.url);
  await using proxy = await startFaultProxy({ target: { host, port: Number(port) } });
  const options = {
    tasks: Number(values.tasks),
    seconds: Number(values.seconds),
    workers: Number(values.workers),
    concurrency: Number(values.concurrency),
    leaseSeconds: Number(values.lease),
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
