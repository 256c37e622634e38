import type { WorkerInfo } from './worker-info.js';

export interface BannerOptions {
  readonly version: string;
  /** Such as `Linux-6.1.0-x86_64`. */
  readonly platform: string;
  readonly now: Date;
  /** Lists the tasks (Celery does from level INFO on), with built-in ones or without. */
  readonly tasks?: 'own' | 'all' | undefined;
}

const art = [
  ' --------------',
  '---         ---',
  '--  ctq      --',
  '-      \\ \\    -',
  '-       > >   -',
  '-      / /    -',
  '--           --',
  '---         ---',
  ' --------------',
];

/** What a worker shows when it starts (celery 5.6 apps/worker.py, BANNER). */
export function banner(info: WorkerInfo, options: BannerOptions): string {
  const lines = [
    `${info.hostname} v${options.version}`,
    '',
    `${options.platform} ${localTime(options.now)}`,
    '',
    '[config]',
    `.> app:         ${info.app}`,
    `.> transport:   ${info.transport}`,
    `.> results:     ${info.results}`,
    `.> concurrency: ${concurrencyOf(info)} (${info.pool})`,
    `.> task events: ${info.taskEvents ? 'ON' : 'OFF (enable -E to monitor tasks in this worker)'}`,
    '',
    '[queues]',
    ...queueLines(info),
    '',
  ];
  const shown = lines.map((line, index) => `${(art[index] ?? '').padEnd(15)} ${line}`.trimEnd());
  return [...shown, ...taskLines(info, options.tasks)].join('\n');
}

function concurrencyOf({ concurrency, autoscale }: WorkerInfo): string {
  return autoscale === undefined ? String(concurrency) : `{min=${autoscale.min}, max=${autoscale.max}}`;
}

/** celery 5.6 app/amqp.py, QUEUE_FORMAT. */
function queueLines({ queues }: WorkerInfo): readonly string[] {
  return queues
    .map(
      ({ name, exchange, exchangeType, routingKey }) =>
        `.> ${name.padEnd(16)} exchange=${exchange}(${exchangeType}) key=${routingKey}`,
    )
    .sort();
}

function taskLines({ tasks }: WorkerInfo, listed: 'own' | 'all' | undefined): readonly string[] {
  if (listed === undefined) return [];
  const names = listed === 'all' ? tasks : tasks.filter((name) => !name.startsWith('celery.'));
  return ['[tasks]', ...names.map((name) => `  . ${name}`), ''];
}

/** `2030-01-02 03:04:05`, in the host's zone. */
function localTime(at: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const date = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${date} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}
