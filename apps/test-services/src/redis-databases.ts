/**
 * Databases of suites that empty theirs, end the connections to it, or share keys without a prefix. All others use database 0 and keys with a prefix of their own.
 * Suites run at the same time on one server.
 */
export const redisDatabases = {
  transportConformance: 1,
  transportFaults: 2,
  transportRestart: 3,
  unbooked: 4,
  lostBindings: 5,
  waiting: 6,
  storing: 7,
  /** The captures name it in their channels. */
  kombuLayout: 8,
  rpcReconnect: 9,
  soakKills: 10,
  soakWorkers: 12,
  interopSharedQueue: 13,
  interopRecovery: 14,
  interopBodies: 15,
  interopRouting: 16,
  interopResults: 17,
  interopCalls: 18,
  interopMsgpackCalls: 19,
  interopYamlCalls: 20,
  interopCalling: 21,
  interopBroadcast: 22,
  soakUnique: 23,
  interopDelays: 24,
  interopHeaders: 25,
  interopDeclarations: 26,
  soakPoison: 28,
  soakLimits: 29,
  soakKillResults: 30,
  soakWholeWorkflows: 36,
  interopOptions: 40,
  interopErrors: 41,
  interopStates: 42,
  interopValues: 43,
  interopOddMessages: 44,
  interopReplies: 45,
  interopWholeWorkflows: 37,
  interopRandomWorkflows: 48,
  interopWorkflows: 46,
  interopWorkflowErrors: 47,
  interopControl: 49,
  interopMonitors: 50,
  interopFlower: 51,
  interopCluster: 62,
  benchWorker: 57,
  interopEvents: 61,
} as const;

export type RedisDatabase = keyof typeof redisDatabases;

/** The URL of a suite's own database on the server of a URL. */
export function redisDatabase(url: string, suite: RedisDatabase): string {
  const database = new URL(url);
  database.pathname = `/${redisDatabases[suite]}`;
  return database.href;
}
