import { arch, platform, release } from 'node:os';
import type { Ctq } from '@ctq/core';
import { toError } from '@ctq/runtime';
import { version } from '../../report/version.js';
import { inspectCommand, ok, type WorkerCommand } from '../worker-command.js';

export const report: WorkerCommand = inspectCommand({
  name: 'report',
  help: 'Information about the ctq installation for bug reports.',
  run: async ({ app }) => ok(await bugReport(app)),
});

/** celery 5.6 app/utils.py, bugreport. */
async function bugReport(app: Ctq): Promise<string> {
  const { node, v8 } = process.versions;
  return [
    '',
    `software -> ctq:${version()} node:${node} v8:${v8}`,
    `platform -> system:${platform()} arch:${arch()}`,
    `            kernel version:${release()} imp:Node.js`,
    `loader   -> ${app.locator?.url ?? app.name}`,
    `settings -> transport:${await urlsOf(app.transports())} results:${await urlsOf(app.backend().then((one) => [one]))}`,
    '',
    app.conf.humanize(),
    '',
  ].join('\n');
}

async function urlsOf(adapters: Promise<readonly { readonly url: string }[]>): Promise<string> {
  try {
    return (await adapters).map(({ url }) => url).join(';');
  } catch (error) {
    return `not available (${toError(error).message})`;
  }
}
