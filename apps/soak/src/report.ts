import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { EnduranceOptions, EnduranceReport } from './endurance.js';
import type { EndureReport } from './endure.js';
import type { SoakOptions, SoakReport } from './soak.js';
import { percentile } from './statistics.js';
import type { WorkflowOrdealOptions, WorkflowOrdealReport } from './workflows/workflow-ordeal.js';

/** A table of figures under a title, as it stands on a page in docs/reliability. */
export interface Section {
  /** Of a broker, or of workflows. */
  readonly page: string;
  readonly title: string;
  readonly command: string;
  readonly figures: Readonly<Record<string, string | number>>;
  readonly remark: string;
}

/** Puts a section onto its page, in place of the one with the same title. */
export async function writeSection({ page: name, title, command, figures, remark }: Section): Promise<void> {
  const folder = fileURLToPath(new URL('../../../docs/reliability/', import.meta.url));
  await mkdir(folder, { recursive: true });
  const file = new URL(`${name}.md`, `file://${folder}`);
  const page = await readFile(file, 'utf8').catch(() => `# ${name}\n`);
  const [head = '', ...others] = page.split(/^(?=## )/m);
  const rows = Object.entries(figures).map(([name, value]) => `| ${name} | ${value} |`);
  const section = `## ${title}\n\nWritten by \`npm run soak -- ${command}\`.\n\n| | |\n|---|---|\n${rows.join('\n')}\n\n${remark}\n`;
  const at = others.findIndex((other) => other.startsWith(`## ${title}\n`));
  const kept = others.map((other, index) => (index === at ? section : other).trimEnd());
  if (at === -1) kept.push(section.trimEnd());
  await writeFile(file, `${[head.trimEnd(), ...kept].join('\n\n')}\n`);
}

/** One run with kills: how it was asked for, and what it has shown. */
export interface KillRun {
  readonly options: SoakOptions;
  /** Undefined: the transport's default, 30 s. */
  readonly lease: string | undefined;
  readonly withBroker: boolean;
  readonly report: SoakReport;
}

export function killSection({ options, lease, withBroker, report }: KillRun): Section {
  const { tasks, kills, pool, seed, workers, concurrency } = options;
  const { store, blows, recoveriesMs, descriptors, seconds } = report;
  const hasLeases = store !== 'rabbitmq';
  const place = [
    `pool ${pool}`,
    ...(withBroker ? ['broker too'] : []),
    ...(hasLeases && lease === undefined ? ['default lease'] : []),
  ];
  const after = (part: number): string => `${(percentile(recoveriesMs, part) / 1_000).toFixed(2)} s`;
  const most = (mib: number): string => (mib > 0 ? `${mib.toFixed(0)} MiB` : 'none were processes');
  return {
    page: store,
    title: `kill -9, ${place.join(', ')}`,
    command: [
      `--pool ${pool} --broker ${store} --tasks ${tasks} --kills ${kills} --seed ${seed}`,
      ...(hasLeases ? [`--lease ${lease ?? 'default'}`] : []),
      ...(withBroker ? ['--faults broker'] : []),
      `--workers ${workers} --concurrency ${concurrency}`,
    ].join(' '),
    figures: {
      tasks,
      'kills, each in the middle of a task': [
        `${blows.worker} × worker`,
        ...(blows.slot > 0 ? [`${blows.slot} × slot`] : []),
        ...(blows.broker > 0 ? [`${blows.broker} × broker`] : []),
      ].join(', '),
      'workers × concurrency': `${workers} × ${concurrency}`,
      lease: hasLeases ? (lease ?? '30 s, the default') : 'none: what a dead worker held is back with its connection',
      '**lost**': `**${report.lost}**`,
      'doubled (done to the end more than once)': report.doubled,
      'begun again': report.startedAgain,
      'recovery: from the kill until what it interrupted began again': `p50 ${after(0.5)}, p99 ${after(0.99)}, longest ${after(1)} (${recoveriesMs.length} tasks)`,
      'largest worker, largest slot (resident)': `${most(report.mostRssMiB)}, ${most(report.mostSlotRssMiB)}`,
      'open descriptors of a worker': `p50 ${percentile(descriptors, 0.5)}, p99 ${percentile(descriptors, 0.99)}`,
      duration: `${seconds.toFixed(0)} s`,
    },
    remark:
      'At least once: what a killed worker held is begun again, and what it had done and not yet acknowledged is done again; nothing may be missing.',
  };
}

export function enduranceSection({ options, report }: { options: EnduranceOptions; report: EnduranceReport }): Section {
  const { pool, tasks, concurrency } = options;
  const { samples, rssBytesPerTask, heapBytesPerTask } = report;
  const [first, last] = [samples[0], samples.at(-1)];
  return {
    page: report.store,
    title: `One worker for a long time, pool ${pool}`,
    command: `--faults none --pool ${pool} --broker ${report.store} --tasks ${tasks} --concurrency ${concurrency}`,
    figures: {
      tasks,
      concurrency,
      samples: `${samples.length}, after the first fifth`,
      'resident memory': `${first?.rssMiB.toFixed(1)} MiB, at the end ${last?.rssMiB.toFixed(1)} MiB`,
      '**its slope** (least squares)': `**${rssBytesPerTask.toFixed(1)} bytes a task**`,
      'slope of the heap after a collection': `${heapBytesPerTask.toFixed(1)} bytes a task`,
      'slots that are processes, resident, all of them':
        (first?.slotsRssMiB ?? 0) === 0
          ? 'none'
          : `${first?.slotsRssMiB.toFixed(1)} MiB, at the end ${last?.slotsRssMiB.toFixed(1)} MiB; slope ${report.slotBytesPerTask.toFixed(1)} bytes a task`,
      'handles (process.getActiveResourcesInfo, without timers)': `${first?.handles}, at the end ${last?.handles}`,
      'open descriptors': `${first?.descriptors}, at the end ${last?.descriptors}`,
      'tasks a second, with the sender on the same machine': Math.round(tasks / report.seconds),
      duration: `${report.seconds.toFixed(0)} s`,
    },
    remark: 'The worker is a process of its own; it is measured while nothing is on its way.',
  };
}

/** What one run against something that goes wrong has shown. */
export interface Ordeal {
  readonly title: string;
  readonly command: string;
  readonly trouble: string;
  readonly workers: number;
  readonly concurrency: number;
  readonly leaseSeconds: number;
  readonly report: EndureReport;
}

export function ordealSection({ report, ...ordeal }: Ordeal): Section {
  const { confirmed, rejected, lost, wrong, repeated, longestSilenceMs, heardAfterMs, seconds } = report;
  return {
    page: 'redis',
    title: ordeal.title,
    command: ordeal.command,
    figures: {
      'what went wrong': ordeal.trouble,
      'workers × concurrency': `${ordeal.workers} × ${ordeal.concurrency}`,
      lease: `${ordeal.leaseSeconds} s`,
      'tasks whose publish was confirmed': confirmed,
      'tasks whose publish was rejected': rejected,
      '**confirmed and lost**': `**${lost}**`,
      '**confirmed and without their result**': `**${wrong}**`,
      'executed more than once': repeated,
      'longest that a task waited for a worker in the midst of it': `${(longestSilenceMs / 1_000).toFixed(1)} s`,
      'all workers heard again, after it': `${(heardAfterMs / 1_000).toFixed(1)} s`,
      duration: `${seconds.toFixed(0)} s`,
    },
    remark:
      'A publish that is rejected promises nothing: its task may have been executed all the same. What was confirmed is executed at least once.',
  };
}

/** One run of workflows with kills. */
export interface WorkflowRun {
  readonly options: WorkflowOrdealOptions;
  /** Undefined: the transport's default, 30 s. */
  readonly lease: string | undefined;
  readonly report: WorkflowOrdealReport;
}

export function workflowSection({ options, lease, report }: WorkflowRun): Section {
  const { count, kills, seed, workers, atOnce } = options;
  const { store, failing, executions, repeated, wrong, seconds } = report;
  const hasLeases = store !== 'rabbitmq';
  return {
    page: 'workflows',
    title: `kill -9 among workflows, ${store}`,
    command: [
      `workflows --broker ${store} --count ${count} --kills ${kills} --seed ${seed}`,
      ...(hasLeases ? [`--lease ${lease ?? 'default'}`] : []),
    ].join(' '),
    figures: {
      'workflows, of which so many have to fail': `${report.workflows}, ${failing}`,
      'of them under way at the same time': atOnce,
      'kills, each in a task that has just run': `${report.kills.worker} × worker, ${report.kills.slot} × slot`,
      'workers, pool × concurrency': workers.map(([pool, concurrency]) => `${pool} × ${concurrency}`).join(', '),
      lease: hasLeases ? (lease ?? '30 s, the default') : 'none: what a dead worker held is back with its connection',
      'executions that had to be': executions,
      'executions beyond those': repeated,
      "**differences from what Celery's rules give**": `**${wrong.length}**`,
      duration: `${seconds.toFixed(0)} s`,
    },
    remark:
      'Every part of a workflow ran at least once and as one task, what was not to run did not, and whoever waited got the value or the failure.',
  };
}
