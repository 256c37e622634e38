import type { Redis } from 'ioredis';
import { type NatMap, translated } from './given-client.js';
import type { HostPort } from './redis-url.js';
import type { SentinelReach } from './server-config.js';

/** Opens a connection to a server that is asked something, by `ask`. It is closed afterwards, and when the signal is aborted. */
export type AskServer = <T>(address: HostPort, ask: (client: Redis) => Promise<T>, signal: AbortSignal) => Promise<T>;

/**
 * The address of the master that sentinels name. All are asked at once, so that one that does not answer costs no time; the first that is in order is
 * believed (redis-py 5 sentinel.py, Sentinel.discover_master, asks one by one). A master that was demoted meanwhile says so when it is connected to.
 * @throws Error with what each of them said.
 */
export async function findMaster(
  { sentinels, masterName, minOtherSentinels }: SentinelReach,
  natMap: NatMap | undefined,
  ask: AskServer,
  signal: AbortSignal,
): Promise<HostPort> {
  const enough = new AbortController();
  const stop = AbortSignal.any([signal, enough.signal]);
  const answers = sentinels.map((sentinel) =>
    ask(
      sentinel,
      async (client) => readMaster(await client.call('SENTINEL', 'MASTER', masterName), minOtherSentinels),
      stop,
    ),
  );
  try {
    return translated(await Promise.any(answers), natMap);
  } catch (error) {
    signal.throwIfAborted();
    throw new Error(`No sentinel names a server '${masterName}' in order: ${reasons(error, sentinels)}`, {
      cause: error,
    });
  } finally {
    enough.abort();
  }
}

/** The reply is a list of names and values. */
function readMaster(reply: unknown, minOtherSentinels: number): HostPort {
  const fields = new Map<string, string>();
  const list = Array.isArray(reply) ? reply : [];
  for (let at = 0; at + 1 < list.length; at += 2) fields.set(String(list[at]), String(list[at + 1]));
  const flags = (fields.get('flags') ?? '').split(',');
  const bad = flags.find((flag) => ['s_down', 'o_down', 'disconnected'].includes(flag));
  if (!flags.includes('master') || bad !== undefined) throw new Error(`it sees the master as ${flags.join(', ')}`);
  const others = Number(fields.get('num-other-sentinels') ?? 0);
  if (others < minOtherSentinels) throw new Error(`it sees ${others} other sentinels of ${minOtherSentinels}`);
  return { host: fields.get('ip') ?? '', port: Number(fields.get('port')) };
}

/** What each of those that were asked said. */
export function reasons(error: unknown, asked: readonly HostPort[]): string {
  const errors: unknown[] = error instanceof AggregateError ? error.errors : [error];
  const lines = errors.map((each, index) => {
    const { host, port } = asked[index] ?? { host: '?', port: 0 };
    return `${host}:${port}: ${each instanceof Error ? each.message : String(each)}`;
  });
  return `${lines.join('; ')}.`;
}
