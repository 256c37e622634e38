/**
 * Suites that have a virtual host of their own on the common server: those that count or end its connections, or that share the names of queues. All others use
 * the one of the URL and names of their own. Suites run at the same time on one server.
 */
const suites = [
  'transportConformance',
  'transportFaults',
  'transportChannelErrors',
  'kombuLayout',
  'waiting',
  'storing',
  'soakKills',
  'soakWorkers',
  'interopSharedQueue',
  'interopRecovery',
  'interopCluster',
  'interopBodies',
  'interopRouting',
  'interopResults',
  'interopReplies',
  'interopCalls',
  'interopCalling',
  'interopDeclarations',
  'interopOptions',
  'interopErrors',
  'interopStates',
  'interopDelays',
  'interopHeaders',
  'interopBroadcast',
  'interopRandomWorkflows',
  'interopWorkflows',
  'interopWorkflowErrors',
  'interopControl',
  'interopMonitors',
  'interopFlower',
  'interopEvents',
] as const;

export type AmqpVhost = (typeof suites)[number];

/** Where the common server was started by us, this names the file that says how to reach it past AMQP. */
export const amqpNodeVariable = 'CTQ_TEST_AMQP_NODE';

/** All virtual hosts of the common server beside `/`. */
export const amqpVhosts: readonly string[] = suites.map(vhostOf);

/**
 * The URL of a suite's own virtual host on the server of a URL. AMQP cannot make one: on a server that was not started by us it is the URL itself, whose virtual
 * host belongs to the tests.
 */
export function amqpVhost(url: string, suite: AmqpVhost): string {
  if (nodeFile() === undefined) return url;
  const address = new URL(url);
  address.pathname = `/${vhostOf(suite)}`;
  return address.href;
}

function nodeFile(): string | undefined {
  const file = process.env[amqpNodeVariable];
  return file === '' ? undefined : file;
}

function vhostOf(suite: AmqpVhost): string {
  return `ctq-${suite}`;
}
