import { findProgram } from '../find-program.js';
import { freePorts } from '../free-port.js';
import type { ServerCommand } from '../server-process.js';
import type { Launch } from './launch.js';

/** A Redis that keeps nothing on disk. */
export const launchRedis: Launch = async (folder) => {
  const [port = 0] = await freePorts(1);
  const command = redisCommand(folder, port, {});
  return command === undefined ? undefined : { url: `redis://127.0.0.1:${port}/0`, command };
};

/** Undefined where no server is installed. */
export function redisCommand(
  folder: string,
  port: number,
  configuration: Readonly<Record<string, string>>,
): ServerCommand | undefined {
  const program = findProgram('redis-server') ?? findProgram('valkey-server');
  if (program === undefined) return undefined;
  const options = { port, bind: '127.0.0.1', save: '', appendonly: 'no', dir: folder, ...configuration };
  return {
    program,
    args: Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]),
    cwd: folder,
    env: process.env,
    stopSignal: 'SIGTERM',
    cleanUp: `rm -rf '${folder}'`,
  };
}
