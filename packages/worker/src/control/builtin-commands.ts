import { clock } from './commands/clock.js';
import { election } from './commands/election.js';
import { disableEvents, enableEvents } from './commands/events.js';
import { heartbeat } from './commands/heartbeat.js';
import { hello } from './commands/hello.js';
import { ping } from './commands/ping.js';
import type { WorkerCommand } from './worker-command.js';

/** What every worker can be asked and told. */
export const builtinCommands: readonly WorkerCommand[] = [
  ...[clock, ping],
  ...[enableEvents, disableEvents, heartbeat, election, hello],
];
