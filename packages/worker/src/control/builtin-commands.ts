import { active } from './commands/active.js';
import { activeQueues } from './commands/active-queues.js';
import { autoscale } from './commands/autoscale.js';
import { clock } from './commands/clock.js';
import { conf } from './commands/conf.js';
import { addConsumer, cancelConsumer } from './commands/consumers.js';
import { election } from './commands/election.js';
import { disableEvents, enableEvents } from './commands/events.js';
import { heartbeat } from './commands/heartbeat.js';
import { hello } from './commands/hello.js';
import { memdump, memsample } from './commands/memory.js';
import { objgraph } from './commands/objgraph.js';
import { ping } from './commands/ping.js';
import { poolRestart } from './commands/pool-restart.js';
import { poolGrow, poolShrink } from './commands/pool-size.js';
import { queryTask } from './commands/query-task.js';
import { rateLimit } from './commands/rate-limit.js';
import { registered } from './commands/registered.js';
import { report } from './commands/report.js';
import { reserved } from './commands/reserved.js';
import { revoke, terminate } from './commands/revoke.js';
import { revokeByStampedHeaders } from './commands/revoke-by-stamped-headers.js';
import { revoked } from './commands/revoked.js';
import { scheduled } from './commands/scheduled.js';
import { shutdown } from './commands/shutdown.js';
import { stats } from './commands/stats.js';
import { timeLimit } from './commands/time-limit.js';
import type { WorkerCommand } from './worker-command.js';

const inspecting = [report, conf, queryTask, clock, ping, stats, scheduled, reserved, active, revoked, registered];
const debugging = [activeQueues, objgraph, memsample, memdump];
const controlling = [revoke, terminate, revokeByStampedHeaders, rateLimit, timeLimit, addConsumer, cancelConsumer];
const running = [poolGrow, poolShrink, poolRestart, autoscale, shutdown];
const gathering = [enableEvents, disableEvents, heartbeat, election, hello];

/** What every worker can be asked and told. */
export const builtinCommands: readonly WorkerCommand[] = [
  ...[...inspecting, ...debugging, ...controlling, ...running, ...gathering],
];
