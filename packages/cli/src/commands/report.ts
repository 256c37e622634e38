import { arch, platform, release } from 'node:os';
import { toError } from '@ctq/runtime';
import { Command } from 'commander';
import type { CommandContext, RunCommand } from '../command-context.js';
import { type ExitCode, exitCodes } from '../exit-codes.js';

import { version } from '../version.js';

/** `ctq report`: what to put into a bug report (CL-173; celery 5.6 app/utils.py, bugreport). */
export function reportCommand(run: RunCommand): Command {
  return new Command('report').description('print what a bug report needs').action(() => run(report));
}

async function report(context: CommandContext): Promise<ExitCode> {
  const { app, importModule } = await context.app();
  try {
    await app.loadModules(importModule);
    context.echo(
      [
        '',
        `software -> ctq:${version()} node:${process.versions.node} v8:${process.versions.v8}`,
        `platform -> system:${platform()} arch:${arch()} kernel version:${release()}`,
        `app      -> ${app.name}${app.locator === undefined ? '' : ` (${app.locator.url})`}, tasks:${app.kernel.registry.names.length}`,
        `settings -> transport:${await urlsOf(app.transports())} results:${await urlsOf(app.backend().then((one) => [one]))}`,
        '',
        app.conf.humanize(),
      ].join('\n'),
    );
  } finally {
    await app.close();
  }
  return exitCodes.ok;
}

async function urlsOf(adapters: Promise<readonly { readonly url: string }[]>): Promise<string> {
  try {
    return (await adapters).map(({ url }) => url).join(';');
  } catch (error) {
    return `not available (${toError(error).message})`;
  }
}
