import { arch, platform, release } from 'node:os';
import { inspect } from 'node:util';
import { Ctq } from '@ctq/core';
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
        ...changedSettings(app),
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

/** celery 5.6 app/utils.py, HIDDEN_SETTINGS. */
const secret = /api|token|key|secret|pass|signature|database/i;

/** Settings that are not at their default. URLs are shown above, masked. */
function changedSettings(app: Ctq): readonly string[] {
  const defaults: Readonly<Record<string, unknown>> = { ...new Ctq('defaults').settings };
  return Object.entries(app.settings)
    .filter(([name, value]) => !/url|backend$/i.test(name) && inspect(value) !== inspect(defaults[name]))
    .map(
      ([name, value]) => `${name}: ${secret.test(name) ? '********' : inspect(value, { depth: 3, breakLength: 120 })}`,
    );
}
