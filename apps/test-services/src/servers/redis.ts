import { findProgram } from '../find-program.js';
import { freePorts } from '../free-port.js';
import type { Launch } from './launch.js';

/** As many databases as `redisDatabases` needs. */
const databases = 64;

/** A Redis that keeps nothing on disk. */
export const launchRedis: Launch = async (folder) => {
  const program = findProgram('redis-server') ?? findProgram('valkey-server');
  if (program === undefined) return undefined;
  const [port = 0] = await freePorts(1);
  const options = { port, bind: '127.0.0.1', save: '', appendonly: 'no', dir: folder, databases };
  return {
    url: `redis://127.0.0.1:${port}/0`,
    command: {
      program,
      args: Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]),
      cwd: folder,
      env: process.env,
      stopSignal: 'SIGTERM',
      cleanUp: `rm -rf '${folder}'`,
    },
  };
};
