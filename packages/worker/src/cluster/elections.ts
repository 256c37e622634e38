import type { Clock, Logger, Timer } from '@ctq/runtime';
import { ExpiringIds } from '../deduplicate/expiring-ids.js';
import type { Member } from './members.js';

/** An election is decided by then, whoever has not stood: a worker may have died, or take no part. */
const patienceMs = 2_000;
/** What is over is remembered for so long, so that what comes late begins nothing anew. */
const overMs = 600_000;
const mostOver = 10_000;

interface Candidate {
  readonly clock: number;
  /** `<node name>.<process id>`. */
  readonly id: string;
  readonly topic: string;
  readonly action: unknown;
}

interface Election {
  /** This worker was told to hold it: without that it has no part in it. */
  isOurs: boolean;
  readonly candidates: Candidate[];
  acks: number;
  readonly timer: Timer;
}

export interface ElectionsOptions {
  /** This worker as a candidate, `<node name>.<process id>`. */
  readonly ownId: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The other workers that are there. */
  readonly others: () => readonly Member[];
  /** Sends an event to all workers, this one included. */
  readonly send: (type: string, fields: Readonly<Record<string, unknown>>) => void;
  /** What the winner does, by topic. */
  readonly handlers: Readonly<Record<string, (action: unknown) => void>>;
}

/**
 * Agrees with the other workers on one that does something (celery 5.6 worker/consumer/gossip.py, Gossip.election). Each that was told to hold an election stands for it and
 * acknowledges each candidate; the one with the lowest logical clock wins, of those with the same the first by name. Among workers of ctq alone it is decided when all of them
 * have stood; with workers of Python as those do, when as many acknowledgements have come as there are other workers.
 */
export class Elections {
  readonly #options: ElectionsOptions;
  readonly #open = new Map<string, Election>();
  readonly #over: ExpiringIds;

  constructor(options: ElectionsOptions) {
    this.#options = options;
    this.#over = new ExpiringIds({ max: mostOver, expiresMs: overMs, clock: options.clock });
  }

  /** This worker was told to: it stands. */
  hold(id: string, topic: string, action: unknown): void {
    if (this.#over.has(id)) return;
    this.#electionOf(id).isOurs = true;
    this.#options.send('worker-elect', { id, topic, action: action ?? null, cver: 1 });
  }

  /** A worker stands, this one perhaps. */
  onElect({ id, clock, hostname, pid, topic, action }: Readonly<Record<string, unknown>>): void {
    if (
      typeof id !== 'string' ||
      typeof clock !== 'number' ||
      typeof hostname !== 'string' ||
      typeof topic !== 'string'
    ) {
      this.#options.logger.error(
        { id, clock, hostname, topic },
        'An event worker-elect has no id, clock, hostname or topic',
      );
      return;
    }
    if (this.#over.has(id)) return;
    this.#electionOf(id).candidates.push({ clock, id: `${hostname}.${String(pid)}`, topic, action });
    this.#options.send('worker-elect-ack', { id });
    this.#decideIfComplete(id, false);
  }

  onAck({ id }: Readonly<Record<string, unknown>>): void {
    const election = typeof id === 'string' ? this.#open.get(id) : undefined;
    if (typeof id !== 'string' || election === undefined) return;
    election.acks += 1;
    this.#decideIfComplete(id, true);
  }

  /** Decides nothing any more. */
  close(): void {
    for (const { timer } of this.#open.values()) timer.cancel();
    this.#open.clear();
  }

  #electionOf(id: string): Election {
    const found = this.#open.get(id);
    if (found !== undefined) return found;
    const timer = this.#options.clock.setTimer(() => this.#decide(id), patienceMs, { background: true });
    const election: Election = { isOurs: false, candidates: [], acks: 0, timer };
    this.#open.set(id, election);
    return election;
  }

  #decideIfComplete(id: string, isAck: boolean): void {
    const election = this.#open.get(id);
    if (election === undefined || !election.isOurs || election.candidates.length === 0) return;
    const others = this.#options.others();
    if (election.acks < Math.max(1, others.length)) return;
    const isComplete = others.every(({ isOurs }) => isOurs)
      ? election.candidates.length > others.length
      : // As workers of Python do: with an acknowledgement, and where one stands alone they come to nothing.
        isAck && election.candidates.length > 1;
    if (isComplete) this.#decide(id);
  }

  #decide(id: string): void {
    const election = this.#open.get(id);
    if (election === undefined) return;
    election.timer.cancel();
    this.#open.delete(id);
    this.#over.add(id);
    const [winner] = election.candidates.toSorted(byPrecedence);
    if (!election.isOurs || winner === undefined) return;
    const { ownId, logger, handlers } = this.#options;
    if (winner.id !== ownId) return logger.info(`node ${winner.id} elected for '${id}'`);
    logger.info(`I won the election '${id}'`);
    const { topic, action } = winner;
    const handler = Object.hasOwn(handlers, topic) ? handlers[topic] : undefined;
    if (handler === undefined) logger.error({ id, topic }, `Unknown election topic '${topic}'`);
    else handler(action);
  }
}

/** kombu 5.6 clocks.py, LamportClock.sort_heap. */
function byPrecedence(a: Candidate, b: Candidate): number {
  if (a.clock !== b.clock) return a.clock - b.clock;
  return a.id < b.id ? -1 : Number(a.id > b.id);
}
