import { type Fault, type FaultProxy, faultSchedule, type PrivateRedis } from '@ctq/test-services';
import { Redis } from 'ioredis';

/** Makes trouble until the signal is aborted. */
export type Trouble = (signal: AbortSignal) => Promise<void>;

const between = (least: number, most: number, random: number): number => Math.round(least + (most - least) * random);

const cuts = ['before', 'after'].flatMap((moment) =>
  ['reset', 'close', 'half-open'].map((by) => ({ moment, by }) as Pick<Fault & { kind: 'cut' }, 'moment' | 'by'>),
);

/** Everything that a network does, at random. What is published is `lpush`; what is taken, acknowledged and stored goes through scripts. */
const networkFaults: readonly ((random: () => number) => Fault)[] = [
  (random) => ({ kind: 'latency', delayMs: between(10, 200, random()), ms: between(200, 1_000, random()) }),
  (random) => ({ kind: 'stall', ms: between(100, 1_500, random()) }),
  () => ({ kind: 'stall', ms: 5_000 }),
  (random) => ({ kind: 'trickle', ms: between(100, 600, random()) }),
  (random) => ({ kind: 'refuse', ms: between(100, 1_000, random()) }),
  () => ({ kind: 'reset' }),
  () => ({ kind: 'close' }),
  (random) => ({ kind: 'half-open', ms: between(0, 500, random()) }),
  (random) => ({ kind: 'half-open', only: ({ number }) => number % 2 === between(0, 1, random()) }),
  ...['lpush', 'evalsha'].flatMap((sees) =>
    cuts.map((how) => (): Fault => ({ kind: 'cut', when: 'to-server', sees, ms: 500, ...how })),
  ),
];

export function networkTrouble(proxy: FaultProxy, seed: number): Trouble {
  return (signal) => proxy.run(faultSchedule({ seed, faults: networkFaults, longestPauseMs: 1_000 }), signal);
}

/** Ends the connections of all clients and forgets all scripts, again and again. The server has to be the test's own. */
export function storm(url: string, everyMs: number): Trouble {
  return async (signal) => {
    const admin = new Redis(url);
    while (!signal.aborted) {
      for (const type of ['normal', 'pubsub']) await admin.call('CLIENT', 'KILL', 'TYPE', type, 'SKIPME', 'yes');
      await admin.script('FLUSH');
      await pause(everyMs);
    }
    admin.disconnect();
  };
}

/** Stops the server's process once, for a while. */
export function frozen(server: PrivateRedis, ms: number): Trouble {
  return async (signal) => {
    server.freeze();
    await pause(ms);
    server.thaw();
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  };
}

/** kill -9 of the server, and its restart over what it kept. */
export function crashes(server: PrivateRedis, everyMs: number): Trouble {
  return async (signal) => {
    while (!signal.aborted) {
      await pause(everyMs);
      await server.kill();
      await server.startAgain();
    }
  };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
