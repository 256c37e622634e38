import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { EndureReport } from './endure.js';
import type { SoakReport } from './soak.js';

/** A table of figures under a title, as it stands on the page of a broker in docs/reliability. */
export interface Section {
  readonly broker: string;
  readonly title: string;
  readonly command: string;
  readonly figures: Readonly<Record<string, string | number>>;
  readonly remark: string;
}

/** Puts a section onto its broker's page, in place of the one with the same title. */
export async function writeSection({ broker, title, command, figures, remark }: Section): Promise<void> {
  const folder = fileURLToPath(new URL('../../../docs/reliability/', import.meta.url));
  await mkdir(folder, { recursive: true });
  const file = new URL(`${broker}.md`, `file://${folder}`);
  const page = await readFile(file, 'utf8').catch(() => `# ${broker}\n`);
  const [head = '', ...others] = page.split(/^(?=## )/m);
  const rows = Object.entries(figures).map(([name, value]) => `| ${name} | ${value} |`);
  const section = `## ${title}\n\nWritten by \`npm run soak -- ${command}\`.\n\n| | |\n|---|---|\n${rows.join('\n')}\n\n${remark}\n`;
  const at = others.findIndex((other) => other.startsWith(`## ${title}\n`));
  const kept = others.map((other, index) => (index === at ? section : other).trimEnd());
  if (at === -1) kept.push(section.trimEnd());
  await writeFile(file, `${[head.trimEnd(), ...kept].join('\n\n')}\n`);
}

export function killSection(report: SoakReport): Section {
  return {
    broker: report.broker,
    title: report.pool === 'async' ? 'kill -9' : `kill -9, pool ${report.pool}`,
    command: `${report.broker === 'sqlite' ? '' : `--broker ${report.broker} `}${report.pool === 'async' ? '' : `--pool ${report.pool} --concurrency ${report.concurrency} `}--tasks ${report.tasks} --kills ${report.kills} --seed ${report.seed}`,
    figures: {
      tasks: report.tasks,
      'kills (SIGKILL of a worker while it works)': report.kills,
      'workers × concurrency': `${report.workers} × ${report.concurrency}`,
      lease: `${report.leaseSeconds} s`,
      '**lost**': `**${report.lost}**`,
      'executed more than once': report.repeated,
      duration: `${report.seconds.toFixed(0)} s`,
    },
    remark:
      'At least once: a task whose worker was killed is executed again, so some of the executions are repeated; none may be missing.',
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
    broker: 'redis',
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
