import { type PrivateRedis, startRedisProgram } from './private-redis.js';

export interface SentinelOptions {
  /** Under which name it watches which master. */
  readonly masterName: string;
  readonly master: PrivateRedis;
  /** How many sentinels have to agree that it is down. */
  readonly quorum: number;
  /** What its clients have to say. */
  readonly password?: string;
}

/** A sentinel that finds a master down after half a second, and fails over at once. */
export async function startSentinel({ masterName, master, quorum, password }: SentinelOptions): Promise<PrivateRedis> {
  const sentinel = [
    `monitor ${masterName} 127.0.0.1 ${master.port} ${quorum}`,
    `down-after-milliseconds ${masterName} 500`,
    `failover-timeout ${masterName} 3000`,
  ];
  return await startRedisProgram(
    { config: { sentinel, ...(password === undefined ? {} : { requirepass: password }) } },
    ['--sentinel'],
  );
}
