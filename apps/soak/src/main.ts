import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { soak, type SoakReport } from './soak.js';

const { values } = parseArgs({
  allowNegative: true,
  options: {
    tasks: { type: 'string', default: '20000' },
    kills: { type: 'string', default: '200' },
    workers: { type: 'string', default: '2' },
    concurrency: { type: 'string', default: '20' },
    seed: { type: 'string', default: '1' },
    lease: { type: 'string', default: '2' },
    report: { type: 'boolean', default: true },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

if (values.help) {
  process.stdout.write(
    'npm run soak -- [--tasks N] [--kills N] [--workers N] [--concurrency N] [--seed N] [--lease SECONDS] [--no-report]\n',
  );
} else {
  const report = await soak({
    tasks: Number(values.tasks),
    kills: Number(values.kills),
    workers: Number(values.workers),
    concurrency: Number(values.concurrency),
    seed: Number(values.seed),
    leaseSeconds: Number(values.lease),
    onProgress: (done, kills) =>
      void (kills % 10 === 0 && process.stdout.write(`${kills} kills, ${done} tasks done\n`)),
  });
  process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  if (values.report) await write(report);
  process.exitCode = report.lost === 0 ? 0 : 1;
}

async function write(report: SoakReport): Promise<void> {
  const folder = fileURLToPath(new URL('../../../docs/reliability/', import.meta.url));
  await mkdir(folder, { recursive: true });
  const text = `# kill -9 on ${report.broker}

Written by \`npm run soak -- --tasks ${report.tasks} --kills ${report.kills} --seed ${report.seed}\`.

| | |
|---|---|
| tasks | ${report.tasks} |
| kills (SIGKILL of a worker while it works) | ${report.kills} |
| workers × concurrency | ${report.workers} × ${report.concurrency} |
| lease | ${report.leaseSeconds} s |
| **lost** | **${report.lost}** |
| executed more than once | ${report.repeated} |
| duration | ${report.seconds.toFixed(0)} s |

At least once: a task whose worker was killed is executed again, so some of the executions are repeated; none may be missing.
`;
  await writeFile(new URL(`${report.broker}.md`, `file://${folder}`), text);
}
