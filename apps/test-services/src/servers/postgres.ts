import { execFile } from 'node:child_process';
import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findProgram, postgresFolders } from '../find-program.js';
import { freePorts } from '../free-port.js';
import type { Launch } from './launch.js';

const execute = promisify(execFile);

/** A PostgreSQL that trusts everybody on 127.0.0.1 and syncs nothing. It refuses to run as root: then it becomes `postgres`. */
export const launchPostgres: Launch = async (folder) => {
  const initdb = findProgram('initdb', postgresFolders());
  const postgres = findProgram('postgres', postgresFolders());
  if (initdb === undefined || postgres === undefined) return undefined;

  const [port = 0] = await freePorts(1);
  const home = join(folder, 'postgres');
  await mkdir(home);
  const [program, ...prefix] = await asUnprivileged(folder, home);
  const run = (name: string, args: string[]): [string, string[]] =>
    program === undefined ? [name, args] : [program, [...prefix, name, ...args]];

  const data = join(home, 'data');
  const auth = ['-A', 'trust', '-U', 'postgres'];
  const [initProgram, initArgs] = run(initdb, ['-D', data, ...auth, '--no-sync', '-E', 'UTF8', '--locale=C']);
  await execute(initProgram, initArgs, { cwd: '/' });

  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: home,
    fsync: 'off',
    synchronous_commit: 'off',
    full_page_writes: 'off',
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const [serverProgram, args] = run(postgres, ['-D', data, '-p', String(port), ...options]);
  return {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    command: {
      program: serverProgram,
      args,
      cwd: '/',
      env: process.env,
      stopSignal: 'SIGINT', // "fast": disconnects its clients, where SIGTERM would wait for them
      cleanUp: `rm -rf '${folder}'`,
    },
  };
};

/** The command that drops root's privileges, empty where there are none; `home` is given to the user it becomes. */
async function asUnprivileged(folder: string, home: string): Promise<string[]> {
  if (process.getuid?.() !== 0) return [];
  await chmod(folder, 0o755); // mkdtemp's 0700 would keep the other user out
  await execute('chown', ['postgres:', home]);
  return ['setpriv', '--reuid=postgres', '--regid=postgres', '--init-groups'];
}
