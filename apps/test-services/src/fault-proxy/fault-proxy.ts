import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePorts } from '../free-port.js';
import { ByteTrigger } from './byte-trigger.js';
import type { Direction, Fault, FaultKind, Injection } from './fault.js';
import type { ScheduledFault } from './fault-schedule.js';
import type { Handling } from './lane.js';
import { ProxiedConnection } from './proxied-connection.js';

export interface FaultProxyOptions {
  readonly target: { readonly host: string; readonly port: number };
}

/** What a proxy has seen so far. */
export interface FaultProxyStats {
  /** Connections accepted. */
  readonly connections: number;
  /** Connections that are open, half-open ones included. */
  readonly open: number;
  readonly bytes: Readonly<Record<Direction, number>>;
  /** Faults that began, and of the cuts, how many happened. */
  readonly faults: Readonly<Partial<Record<FaultKind, number>>>;
  readonly cuts: number;
}

/** A TCP server in front of another, on which things go wrong. It knows no protocol. */
export interface FaultProxy extends AsyncDisposable {
  readonly host: string;
  /** Stays the same while it is up. */
  readonly port: number;
  readonly stats: FaultProxyStats;
  /** The URL of the target, leading through here. */
  through(url: string): string;
  inject(fault: Fault): Injection;
  /** Injects one after the other until the signal is aborted; resolves when the last one is over. */
  run(schedule: Iterable<ScheduledFault>, signal: AbortSignal): Promise<void>;
  /** Ends all connections. Idempotent. */
  close(): Promise<void>;
}

interface Active extends Injection {
  readonly triggers: Map<ProxiedConnection, ByteTrigger>;
  isOver: boolean;
}

export async function startFaultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  // Not one that the system chooses: it would give it away while nobody listens.
  const [port = 0] = await freePorts(1);
  const proxy = new TcpFaultProxy(port, options);
  await proxy.listen();
  return proxy;
}

class TcpFaultProxy implements FaultProxy {
  readonly host = '127.0.0.1';
  readonly port: number;
  readonly #target: FaultProxyOptions['target'];
  readonly #connections = new Set<ProxiedConnection>();
  readonly #active = new Set<Active>();
  readonly #bytes: Record<Direction, number> = { 'to-server': 0, 'to-client': 0 };
  readonly #faults: Partial<Record<FaultKind, number>> = {};
  #server: Server | undefined;
  #listening: Promise<void> = Promise.resolve();
  #accepted = 0;
  #cuts = 0;
  #isClosed = false;

  constructor(port: number, { target }: FaultProxyOptions) {
    this.port = port;
    this.#target = target;
  }

  get stats(): FaultProxyStats {
    return {
      connections: this.#accepted,
      open: this.#connections.size,
      bytes: { ...this.#bytes },
      faults: { ...this.#faults },
      cuts: this.#cuts,
    };
  }

  async listen(): Promise<void> {
    const server = createServer({ allowHalfOpen: true }, (client) => this.#accept(client));
    server.listen(this.port, this.host);
    await once(server, 'listening');
    this.#server = server;
  }

  through(url: string): string {
    const address = new URL(url);
    address.hostname = this.host;
    address.port = String(this.port);
    return address.href;
  }

  inject(fault: Fault): Injection {
    if (this.#isClosed) throw new Error('The proxy is closed.');
    this.#faults[fault.kind] = (this.#faults[fault.kind] ?? 0) + 1;
    const lastsMs = 'ms' in fault ? fault.ms : fault.kind === 'cut' ? undefined : 0;
    const active = this.#begin(fault, lastsMs);
    for (const connection of this.#connections) {
      if (fault.only?.(connection) === false) continue;
      if (fault.kind === 'half-open') connection.silence();
      else if (fault.kind === 'reset') connection.reset();
      else if (fault.kind === 'close') connection.close();
    }
    return active;
  }

  async run(schedule: Iterable<ScheduledFault>, signal: AbortSignal): Promise<void> {
    for (const { afterMs, fault } of schedule) {
      await sleep(afterMs, undefined, { signal }).catch(() => undefined);
      if (signal.aborted || this.#isClosed) return;
      const injection = this.inject(fault);
      const onAbort = (): void => injection.end();
      signal.addEventListener('abort', onAbort, { once: true });
      await injection.over;
      signal.removeEventListener('abort', onAbort);
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const active of [...this.#active]) active.end();
    for (const connection of this.#connections) connection.destroy();
    await this.#listening.catch(() => undefined);
    this.#server?.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #begin(fault: Fault, lastsMs: number | undefined): Active {
    let end = (): void => undefined;
    const over = new Promise<void>((resolve) => {
      const timer = lastsMs === undefined ? undefined : setTimeout(() => end(), lastsMs);
      end = () => {
        if (active.isOver) return;
        active.isOver = true;
        clearTimeout(timer);
        this.#active.delete(active);
        resolve(fault.kind === 'refuse' && !this.#isClosed ? this.#listenAgain() : undefined);
      };
    });
    const active: Active = { fault, over, triggers: new Map(), isOver: false, end: () => end() };
    this.#active.add(active);
    if (fault.kind === 'refuse') this.#server?.close();
    return active;
  }

  /** When the last of those who wanted nobody to listen is over. */
  async #listenAgain(): Promise<void> {
    if ([...this.#active].some(({ fault }) => fault.kind === 'refuse')) return;
    this.#listening = this.listen();
    await this.#listening;
    if (this.#isClosed) this.#server?.close();
  }

  #accept(client: Socket): void {
    if (this.#isClosed) {
      client.destroy();
      return;
    }
    this.#accepted += 1;
    const server = connect({ ...this.#target, allowHalfOpen: true });
    const connection = new ProxiedConnection({
      number: this.#accepted,
      client,
      server,
      handle: (handled, direction, chunk) => this.#handle(handled, direction, chunk),
      onForwarded: (direction, bytes) => (this.#bytes[direction] += bytes),
      onClosed: (closed) => {
        this.#connections.delete(closed);
        for (const { triggers } of this.#active) triggers.delete(closed);
      },
    });
    this.#connections.add(connection);
    const isSilent = ({ fault }: Active): boolean => fault.kind === 'half-open' && fault.only === undefined;
    if ([...this.#active].some(isSilent)) connection.silence();
  }

  #handle(connection: ProxiedConnection, direction: Direction, chunk: Buffer): Handling | undefined {
    let delayMs = 0;
    const stalls: Promise<void>[] = [];
    let trickles: Handling['trickles'];
    for (const active of this.#active) {
      const { fault, over } = active;
      if (fault.only?.(connection) === false) continue;
      if (fault.kind === 'half-open') {
        // Accepted while it lasted, and told from others only now, by what it says.
        connection.silence();
        return undefined;
      }
      if (fault.kind === 'latency') delayMs += fault.delayMs;
      else if (fault.kind === 'stall') stalls.push(over);
      else if (fault.kind === 'trickle') trickles = () => !active.isOver;
      else if (fault.kind === 'cut' && fault.when === direction && this.#isSeen(active, connection, fault, chunk)) {
        if (this.#cut(active, connection, fault)) return undefined;
      }
    }
    const stalled = stalls.length === 0 ? undefined : Promise.all(stalls).then(() => undefined);
    return { delayMs, stalled, trickles };
  }

  #isSeen(
    { triggers }: Active,
    connection: ProxiedConnection,
    { sees }: Fault & { kind: 'cut' },
    chunk: Buffer,
  ): boolean {
    const trigger = triggers.get(connection) ?? new ByteTrigger(sees);
    triggers.set(connection, trigger);
    return trigger.isIn(chunk);
  }

  /** Whether the piece with what was seen is lost. */
  #cut(active: Active, connection: ProxiedConnection, { moment, when, by }: Fault & { kind: 'cut' }): boolean {
    const cut = (): void => {
      this.#cuts += 1;
      connection.cut(by);
      active.end();
    };
    if (moment === 'before') {
      cut();
      return true;
    }
    // It was asked once: other connections are spared.
    this.#active.delete(active);
    if (when === 'to-server') connection.cutAtAnswer(cut);
    else setImmediate(cut);
    return false;
  }
}
