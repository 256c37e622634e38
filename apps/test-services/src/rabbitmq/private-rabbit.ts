import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Certificates } from '../certificates.js';
import { freePorts } from '../free-port.js';
import { isListening } from '../probes/is-listening.js';
import { probes } from '../probes/probes.js';
import { type ServerProcess, startServer } from '../server-process.js';
import { findRabbitMq, prepareRabbitNode, type RabbitUser, writeRabbitConfig } from './rabbit-node.js';
import { runRabbitmqctl } from './rabbitmqctl.js';
import { type Epmd, startEpmd } from './epmd.js';

export interface PrivateRabbitOptions {
  /** Lines of rabbitmq.conf: `{ consumer_timeout: 10_000 }`. */
  readonly config?: Readonly<Record<string, string | number>>;
  /** Settings of Erlang's application `rabbit` for which rabbitmq.conf has no name: `{ channel_tick_interval: 1_000 }`. */
  readonly environment?: Readonly<Record<string, number>>;
  /** Speaks TLS, and nothing else, on its port. `asksForCertificate`: clients need one of the same authority. */
  readonly tls?: Certificates & { readonly asksForCertificate?: boolean };
  /** `rabbitmq_auth_mechanism_ssl`. */
  readonly plugins?: readonly string[];
  /** Beside `/`. */
  readonly vhosts?: readonly string[];
  /** Beside guest, who may do everything, as they may. */
  readonly users?: readonly RabbitUser[];
}

/** A RabbitMQ node of a test's own, on a free port of 127.0.0.1, in a folder of its own. */
export interface PrivateRabbit extends AsyncDisposable {
  readonly port: number;
  /** `amqp://guest:guest@127.0.0.1:port/`, or `amqps://guest:guest@localhost:port/`. */
  readonly url: string;
  readonly folder: string;
  /** Runs rabbitmqctl on it, which takes one or two seconds; resolves with what it printed. */
  ctl(...args: string[]): Promise<string>;
  /** Ends it as a power cut would, without a word; its data stay. */
  kill(): Promise<void>;
  /** After `kill`: on the same port with the same data. */
  startAgain(more?: Pick<PrivateRabbitOptions, 'config'>): Promise<void>;
  /** Ends all connections and the broker in an orderly manner; the node, which is what `ctl` speaks to, stays. */
  stopApp(): Promise<void>;
  startApp(): Promise<void>;
  /** Stops the process in its tracks (SIGSTOP): it answers nobody, and its connections stay. */
  freeze(): void;
  thaw(): void;
  /** Says that there is no memory left: who publishes is blocked. */
  alarm(): Promise<void>;
  calm(): Promise<void>;
  /** Each client is told the reason (AMQP 320). */
  closeAllConnections(reason: string): Promise<void>;
  /** Ends it and removes its files. Calling it again awaits the same end. */
  stop(): Promise<void>;
}

/** @throws Error where RabbitMQ is not installed, or it does not start. */
export async function startRabbitServer(options: PrivateRabbitOptions = {}): Promise<PrivateRabbit> {
  const epmd = await startEpmd();
  try {
    const node = await startRabbitNode(options, { epmd });
    const stop = async (): Promise<void> => {
      await node.stop();
      await epmd.stop();
    };
    return { ...node, stop, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await epmd.stop();
    throw error;
  }
}

/** What nodes of one cluster share. */
export interface RabbitSurroundings {
  readonly epmd: Epmd;
  readonly cookie?: string;
  /** The node whose cluster it joins. */
  readonly joins?: RabbitClusterNode;
}

/** A node that others can join. */
export interface RabbitClusterNode extends PrivateRabbit {
  /** `name@localhost`. */
  readonly node: string;
}

export async function startRabbitNode(
  options: PrivateRabbitOptions,
  { epmd, cookie, joins }: RabbitSurroundings,
): Promise<RabbitClusterNode> {
  const programs = findRabbitMq();
  if (programs === undefined) throw new Error('There is no rabbitmq-server here.');
  const [port = 0, distributionPort = 0] = await freePorts(2);
  const folder = await mkdtemp(join(tmpdir(), 'ctq-private-rabbitmq-'));
  const kept = join(folder, 'kept');
  const name = `ctq${port}`;
  const { tls } = options;
  const settings = Object.entries(options.environment ?? {});
  const config = {
    ...listeners(port, tls),
    ...(joins === undefined ? {} : { 'cluster_formation.classic_config.nodes.1': joins.node }),
    ...options.config,
  };
  const { env, ctl: command } = await prepareRabbitNode({
    ...options,
    ...(cookie === undefined ? {} : { cookie }),
    programs,
    folder,
    name,
    distributionPort,
    epmdPort: epmd.port,
    config,
    erlang: ['-start_epmd false', ...settings.map(([setting, value]) => `-rabbit ${setting} ${value}`)].join(' '),
  });

  const launch = async (): Promise<ServerProcess> => {
    await rm(kept, { force: true });
    const server = startServer({
      program: programs.server,
      args: [],
      cwd: folder,
      env,
      stopSignal: 'SIGKILL',
      cleanUp: `[ -e '${kept}' ] || rm -rf '${folder}'`,
    });
    try {
      // It listens when all else is done.
      await server.ready(() => (tls === undefined ? probes.amqp(url) : listening(port)), undefined);
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  };

  let stopping: Promise<void> | undefined;
  const url = tls === undefined ? `amqp://guest:guest@127.0.0.1:${port}/` : `amqps://guest:guest@localhost:${port}/`;
  const ctl = async (...args: string[]): Promise<string> => {
    // It would start an epmd daemon in place of the one that has ended, and leave it behind.
    if (stopping !== undefined) throw new Error('The node was stopped.');
    return await runRabbitmqctl(command, args);
  };
  const tell = async (...args: string[]): Promise<void> => void (await ctl(...args));
  let server = await launch();
  const end = async (): Promise<void> => {
    await server.stop();
    // What has ended is the script that started it; the Erlang machine may need a moment more to let go of its ports.
    while ((await isListening(port)) || (await isListening(distributionPort)))
      await new Promise((resolve) => setTimeout(resolve, 20));
  };
  const stop = (): Promise<void> => {
    stopping ??= (async () => {
      await end();
      await rm(folder, { recursive: true, force: true });
    })();
    return stopping;
  };
  return {
    port,
    url,
    folder,
    node: `${name}@localhost`,
    ctl,
    async kill() {
      await writeFile(kept, '');
      await end();
    },
    async startAgain(more = {}) {
      await writeRabbitConfig(folder, { ...config, ...more.config });
      server = await launch();
    },
    stopApp: () => tell('stop_app'),
    startApp: () => tell('start_app'),
    freeze: () => server.signal('SIGSTOP'),
    thaw: () => server.signal('SIGCONT'),
    alarm: () => tell('set_vm_memory_high_watermark', '0'),
    calm: () => tell('set_vm_memory_high_watermark', '0.4'),
    closeAllConnections: (reason) => tell('close_all_connections', '--global', reason),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

function listeners(port: number, tls: PrivateRabbitOptions['tls']): Readonly<Record<string, string>> {
  if (tls === undefined) return { 'listeners.tcp.1': `127.0.0.1:${port}` };
  return {
    'listeners.tcp': 'none',
    'listeners.ssl.1': `127.0.0.1:${port}`,
    'ssl_options.cacertfile': tls.authority,
    'ssl_options.certfile': tls.server.certificate,
    'ssl_options.keyfile': tls.server.key,
    'ssl_options.verify': tls.asksForCertificate === true ? 'verify_peer' : 'verify_none',
    'ssl_options.fail_if_no_peer_cert': String(tls.asksForCertificate === true),
  };
}

async function listening(port: number): Promise<void> {
  if (!(await isListening(port))) throw new Error(`Nobody listens on ${port}.`);
}
