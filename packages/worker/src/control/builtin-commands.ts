import { clock } from './commands/clock.js';
import { ping } from './commands/ping.js';
import type { WorkerCommand } from './worker-command.js';

/** What every worker can be asked and told. */
export const builtinCommands: readonly WorkerCommand[] = [clock, ping];
