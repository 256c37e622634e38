import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findProgram } from '../find-program.js';
import { freePorts } from '../free-port.js';
import { exchange } from '../probes/exchange.js';
import { isListening } from '../probes/is-listening.js';
import { type ServerProcess, startServer } from '../server-process.js';
import type { Certificates } from '../certificates.js';

export interface PrivateRedisOptions {
  /** Lines of redis.conf: `{ appendonly: 'yes' }`; several of one name as a list. */
  readonly config?: Readonly<Record<string, string | number | readonly string[]>>;
  /** Speaks TLS, and nothing else, on its port. `asksForCertificate`: clients need one of the same authority. */
  readonly tls?: Certificates & { readonly asksForCertificate?: boolean };
  readonly replicaOf?: PrivateRedis;
  /** Default redis-server, else valkey-server. */
  readonly program?: string;
  /** `listening`: resolves as soon as it takes connections, also while it reads its data. Default `serving`. */
  readonly until?: 'serving' | 'listening';
}

/** A Redis (or Valkey) of a test's own, on a free port of 127.0.0.1 and a unix socket, in a folder of its own. Nothing is kept on disk unless the configuration says so. */
export interface PrivateRedis extends AsyncDisposable {
  readonly port: number;
  /** `redis://127.0.0.1:port/0`, or `rediss://localhost:port/0`. */
  readonly url: string;
  /** The path of its unix socket. */
  readonly socket: string;
  readonly folder: string;
  /** Ends it as a power cut would, without a word; its files stay. */
  kill(): Promise<void>;
  /** After `kill`: on the same port with the same files. */
  startAgain(more?: Pick<PrivateRedisOptions, 'config' | 'until'>): Promise<void>;
  /** Stops the process in its tracks (SIGSTOP): it answers nobody, and its connections stay. */
  freeze(): void;
  thaw(): void;
  /** Ends it and removes its files. Calling it again awaits the same end. */
  stop(): Promise<void>;
}

/** @throws Error where no redis-server or valkey-server is installed, or it does not start. */
export async function startRedisServer(options: PrivateRedisOptions = {}): Promise<PrivateRedis> {
  return await startRedisProgram(options, []);
}

/** @param mode What is behind the configuration on the command line: `--sentinel`. */
export async function startRedisProgram(
  options: PrivateRedisOptions,
  mode: readonly string[],
  chosenPort?: number,
): Promise<PrivateRedis> {
  const names = options.program === undefined ? ['redis-server', 'valkey-server'] : [options.program];
  const program = names.map((name) => findProgram(name)).find((path) => path !== undefined);
  if (program === undefined) throw new Error(`There is no ${names.join(' and no ')} here.`);
  const [port = 0] = chosenPort === undefined ? await freePorts(1) : [chosenPort];
  const folder = await mkdtemp(join(tmpdir(), 'ctq-private-redis-'));
  const socket = join(folder, 'redis.sock');
  const file = join(folder, 'redis.conf');
  const kept = join(folder, 'kept');
  const { tls } = options;

  const launch = async (more: Pick<PrivateRedisOptions, 'config' | 'until'>): Promise<ServerProcess> => {
    await writeFile(file, configuration({ ...options, config: { ...options.config, ...more.config } }, port, socket));
    await rm(kept, { force: true });
    const server = startServer({
      program,
      args: [file, ...mode],
      cwd: folder,
      env: process.env,
      stopSignal: 'SIGKILL',
      cleanUp: `[ -e '${kept}' ] || rm -rf '${folder}'`,
    });
    try {
      await server.ready(
        more.until === 'listening' || tls !== undefined ? () => listening(port) : () => serving(port),
        undefined,
      );
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  };

  let server = await launch(options);
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    stopping ??= (async () => {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    })();
    return stopping;
  };
  return {
    port,
    url: tls === undefined ? `redis://127.0.0.1:${port}/0` : `rediss://localhost:${port}/0`,
    socket,
    folder,
    async kill() {
      await writeFile(kept, '');
      await server.stop();
    },
    async startAgain(more = {}) {
      server = await launch(more);
    },
    freeze: () => server.signal('SIGSTOP'),
    thaw: () => server.signal('SIGCONT'),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

function configuration({ config = {}, tls, replicaOf }: PrivateRedisOptions, port: number, socket: string): string {
  const isSentinel = 'sentinel' in config;
  const lines: string[] = ['bind 127.0.0.1', `unixsocket ${socket}`, `port ${tls === undefined ? port : 0}`];
  if (!isSentinel) lines.push('save ""', 'appendonly no', 'repl-diskless-sync-delay 0');
  if (tls !== undefined)
    lines.push(
      `tls-port ${port}`,
      `tls-ca-cert-file ${tls.authority}`,
      `tls-cert-file ${tls.server.certificate}`,
      `tls-key-file ${tls.server.key}`,
      `tls-auth-clients ${tls.asksForCertificate === true ? 'yes' : 'no'}`,
    );
  if (replicaOf !== undefined) lines.push(`replicaof 127.0.0.1 ${replicaOf.port}`);
  for (const [name, value] of Object.entries(config))
    for (const each of typeof value === 'object' ? value : [value]) lines.push(`${name} ${each}`);
  return `${lines.join('\n')}\n`;
}

/** An answer that is not `-LOADING`; a server that wants a password serves too. */
async function serving(port: number): Promise<void> {
  const answer = await exchange(`redis://127.0.0.1:${port}`, Buffer.from('PING\r\n'), (bytes) =>
    bytes.includes('\r\n'),
  );
  if (!/^(?:\+PONG|-NOAUTH)/.test(answer.toString())) throw new Error(`Redis answered ${answer.toString()}`);
}

async function listening(port: number): Promise<void> {
  if (!(await isListening(port))) throw new Error(`Nobody listens on ${port}.`);
}
