import { type Clock, ConfigurationError, type Logger, nodeTlsOptions, type TlsConfig } from '@ctq/runtime';
import type { Redis, RedisOptions } from 'ioredis';
import { disconnectRedis, openClient } from './connect.js';
import { type AskServer, findMaster } from './find-master.js';
import { findSlotOwner } from './find-slot-owner.js';
import type { HostPort } from './redis-url.js';
import type { RedisServerConfig } from './server-config.js';
import { isTooOld, serverInfo } from './server-info.js';
import type { Credentials } from './server-options.js';

/** On whose behalf a connection is made. */
export interface ConnectContext {
  /** Behind the name of the program's connections: `ctq-subscriber`. Empty for the first of them. */
  readonly role: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** For a connection that only listens: asks whether it is still there when nothing was received for so long, unless options say otherwise. */
  readonly probeEveryMs?: number;
  /** Whether anybody is in a hurry to hear; it is not asked while nobody is. Default: always. */
  readonly isProbed?: () => boolean;
}

/** ioredis looks for a number; undefined would be its default. */
const withoutKeepAlive = { keepAlive: null } as unknown as RedisOptions;

type Place = HostPort | { readonly path: string };

/**
 * A Redis that connections can be made to, wherever it is at the moment: behind an address, named by sentinels, or the node of a cluster that serves
 * the slot of all keys. Each connection is to one server, found anew; who lost one comes back here.
 */
export class RedisServer {
  /** For banners and errors: without passwords. */
  readonly url: string;
  readonly db: number;
  readonly #config: RedisServerConfig;
  /** What was said in the log already. */
  readonly #said = new Set<string>();
  /** Nodes of the cluster as it was seen last, beside those that were given. */
  #nodes: readonly HostPort[] = [];

  constructor(config: RedisServerConfig) {
    this.#config = config;
    this.url = config.url;
    this.db = config.db;
  }

  /** What another thread reaches the server by; undefined where that is a function or a client of this thread. */
  get portable(): RedisServerConfig | undefined {
    const { reach } = this.#config;
    let config = this.#config;
    if (reach.kind === 'cluster') {
      const { client, ...rest } = reach;
      // Known once it was connected to.
      const nodes = client === undefined ? reach.nodes : this.#nodes;
      config = { ...config, reach: { ...rest, nodes } };
    }
    try {
      return structuredClone(config);
    } catch {
      return undefined;
    }
  }

  /**
   * @throws the client's or the server's error; ConfigurationError for a server that cannot be used. Aborting the signal rejects with its reason.
   */
  async connect(context: ConnectContext, signal: AbortSignal): Promise<Redis> {
    return await this.#connectTo(await this.#find(signal), context, signal);
  }

  /** A second connection to the very server that the first one is to. */
  async connectBeside(client: Redis, context: ConnectContext, signal: AbortSignal): Promise<Redis> {
    const { host = 'localhost', port = 6379, path } = client.options;
    const place = path === undefined || path === null ? { host, port } : { path };
    return await this.#connectTo(place, context, signal);
  }

  async #find(signal: AbortSignal): Promise<Place> {
    const { reach, natMap } = this.#config;
    switch (reach.kind) {
      case 'address':
        return reach.address;
      case 'socket':
        return { path: reach.path };
      case 'sentinel':
        return await findMaster(reach, natMap, this.#asking(reach.login, reach.tls), signal);
      case 'cluster': {
        const nodes = distinct([...reach.nodes, ...this.#nodes]);
        const ask = this.#asking(undefined, this.#config.tls);
        const found = await findSlotOwner({ ...reach, nodes }, natMap, ask, signal);
        this.#nodes = found.nodes;
        return found.owner;
      }
    }
  }

  async #connectTo(place: Place, context: ConnectContext, signal: AbortSignal): Promise<Redis> {
    const { role, clock, logger, probeEveryMs, isProbed } = context;
    const { clientName, db, tls, healthCheckMs = probeEveryMs } = this.#config;
    const probes = probeEveryMs !== undefined && healthCheckMs !== undefined && healthCheckMs > 0;
    this.#warnOfTls(tls, logger);
    const name = role === '' ? clientName : `${clientName}-${role}`;
    const client = await openClient(await this.#options(place, { name, db, tls }), signal, {
      clock,
      ...(probes ? { probeEveryMs: healthCheckMs, ...(isProbed === undefined ? {} : { isProbed }) } : {}),
    });
    try {
      await this.#check(client, logger);
    } catch (error) {
      await disconnectRedis(client);
      signal.throwIfAborted();
      throw error;
    }
    return client;
  }

  /** Connections to sentinels and nodes that are asked one thing. */
  #asking(login: Credentials | undefined, tls: TlsConfig | undefined): AskServer {
    return async (address, ask, signal) => {
      const name = `${this.#config.clientName}-finder`;
      const options = await this.#options(address, { name, db: 0, tls, login });
      const client = await openClient(options, signal);
      const onAbort = (): void => client.disconnect();
      signal.addEventListener('abort', onAbort, { once: true });
      try {
        return await ask(client);
      } finally {
        signal.removeEventListener('abort', onAbort);
        client.disconnect();
      }
    };
  }

  async #options(
    place: Place,
    { name, db, tls, login }: { name: string; db: number; tls: TlsConfig | undefined; login?: Credentials | undefined },
  ): Promise<RedisOptions> {
    const { base, connectTimeoutMs, socketTimeoutMs, keepAliveMs } = this.#config;
    const { username, password } = login ?? (await this.#login());
    return {
      ...(base as RedisOptions),
      ...place,
      db,
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password }),
      ...(tls === undefined ? {} : { tls: await nodeTlsOptions(tls, 'host' in place ? place.host : '') }),
      ...(socketTimeoutMs === undefined ? {} : { socketTimeout: socketTimeoutMs }),
      connectTimeout: connectTimeoutMs,
      connectionName: name,
      ...(keepAliveMs === undefined ? withoutKeepAlive : { keepAlive: keepAliveMs }),
    };
  }

  async #login(): Promise<Credentials> {
    const { login } = this.#config;
    return typeof login === 'function' ? await login() : login;
  }

  async #check(client: Redis, logger: Logger): Promise<void> {
    const info = await serverInfo(client);
    if (info === undefined) return;
    if (info.isLoading) throw new Error('LOADING Redis is loading the dataset in memory');
    if (info.isReadOnly) throw new Error("READONLY You can't write against a read only replica.");
    if (isTooOld(info.version))
      throw new ConfigurationError('CTQ_BAD_SERVER', `${this.url} is Redis ${info.version}; 6.2 or newer is needed.`);
    const { kind } = this.#config.reach;
    if (info.isCluster !== (kind === 'cluster')) {
      const what = info.isCluster
        ? "is a node of a cluster: write redis+cluster:// and a globalKeyprefix with a hash tag, such as '{ctq}:'"
        : 'is not a cluster: write redis://';
      throw new ConfigurationError('CTQ_BAD_SERVER', `${this.url} ${what}.`);
    }
    const { evictionPolicy } = info;
    if (evictionPolicy !== undefined && evictionPolicy !== 'noeviction')
      this.#warnOnce(
        logger,
        { evictionPolicy },
        `${this.url} deletes keys when its memory is full (maxmemory-policy ${evictionPolicy}): messages and results can be lost; it has to be noeviction`,
      );
  }

  #warnOfTls(tls: TlsConfig | undefined, logger: Logger): void {
    if (tls?.isUnchecked === undefined) return;
    this.#warnOnce(
      logger,
      {},
      `The ${tls.isUnchecked} of ${this.url} is not checked: whoever is in between can read and change everything`,
    );
  }

  #warnOnce(logger: Logger, fields: Readonly<Record<string, unknown>>, message: string): void {
    if (this.#said.has(message)) return;
    this.#said.add(message);
    logger.warn(fields, message);
  }
}

function distinct(nodes: readonly HostPort[]): readonly HostPort[] {
  return [...new Map(nodes.map((node) => [`${node.host}:${node.port}`, node])).values()];
}
