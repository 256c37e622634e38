import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createLogger, deferred, type LogRecord, systemClock } from '@ctq/runtime';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { LeaseRole } from '../store/queue-store.js';
import type { BlockedReport, LeaseKeeper } from '../transport/transport.js';
import { LeaseKeepers } from './keeper-thread.js';
import { LeaseClock } from './lease-clock.js';

// A thread runs what was built: Node does not load TypeScript.
const dist = new URL('../../dist/', import.meta.url);
const entry = new URL('lease/keeper-entry.js', dist);

/** Counts in shared memory: 0 opened, 1 renewed, 2 closed. Fails to renew while 3 is above 0. */
const renewerSource = `
export async function openLeaseRenewer({ counts }) {
  if (counts === undefined) throw new Error('no options');
  const at = new Int32Array(counts);
  Atomics.add(at, 0, 1);
  return {
    async renew() {
      if (Atomics.sub(at, 3, 1) > 0) throw new Error('busy');
      Atomics.store(at, 3, 0);
      Atomics.add(at, 1, 1);
      Atomics.notify(at, 1);
    },
    async close() {
      Atomics.add(at, 2, 1);
      Atomics.notify(at, 2);
    },
  };
}
`;

let folder: string;
let module: string;
const stops: (() => Promise<void>)[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ctq-keeper-'));
  module = join(folder, 'renewer.mjs');
  await writeFile(module, renewerSource);
});

afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
  await rm(folder, { recursive: true });
});

function setup(durationMs: number, renewer?: LeaseRole['renewer']) {
  const counts = new Int32Array(new SharedArrayBuffer(16));
  const logs: LogRecord[] = [];
  const logger = createLogger((record) => logs.push(record));
  const mainLoop: string[] = [];
  const lease: LeaseRole = {
    durationMs,
    renew: async () => void mainLoop.push('renew'),
    lost: async () => [],
    sweep: async () => 0,
  };
  const leases = new LeaseClock({
    lease,
    clock: systemClock,
    logger,
    onLost: () => undefined,
    onSwept: () => undefined,
  });
  const keepers = new LeaseKeepers({
    leases,
    durationMs,
    renewer: renewer ?? { module, options: { counts: counts.buffer } },
    clock: systemClock,
    logger,
    entry,
  });
  stops.push(async () => {
    await keepers.stop();
    await leases.close();
  });
  return { counts, logs, leases, keepers, mainLoop };
}

/** Blocks this thread's event loop until the count at `index` has reached `atLeast`. */
function blockUntil(counts: Int32Array, index: number, atLeast: number): void {
  for (let now = Atomics.load(counts, index); now < atLeast; now = Atomics.load(counts, index)) {
    if (Atomics.wait(counts, index, now, 20_000) === 'timed-out')
      throw new Error(`Waited in vain for ${atLeast} at ${index}.`);
  }
}

const patient = { maxBlockedMs: 300_000, onBlocked: () => undefined };

describe('the keeper thread', () => {
  test('renews while the main loop is blocked; what is held stays held', async () => {
    const { counts, leases, keepers, mainLoop } = setup(120);
    await keepers.start(patient);
    leases.hold(1, systemClock.monotonic());
    const held = { tag: 't', generation: leases.generation };
    blockUntil(counts, 1, 4);
    expect(leases.state.confirmedAt).toBeGreaterThan(0);
    expect(await leases.isHeld(held)).toBe(true);
    expect(mainLoop).toEqual([]);
  });

  test('stops renewing when the loop is blocked for too long, and reports what it did when it turns again', async () => {
    const { counts, leases, keepers } = setup(90);
    const reported = deferred<BlockedReport>();
    const keeper: LeaseKeeper = await keepers.start({ maxBlockedMs: 300, onBlocked: reported.resolve });
    leases.hold(1, systemClock.monotonic());
    keeper.note('shop.charge[1]');
    let renewals = Atomics.load(counts, 1);
    // Blocks for as long as renewals come.
    while (Atomics.wait(counts, 1, renewals, 1_000) !== 'timed-out') renewals = Atomics.load(counts, 1);
    expect(renewals).toBeGreaterThan(0);
    const report = await reported.promise;
    expect(report.activity).toBe('shop.charge[1]');
    expect(report.blockedMs).toBeGreaterThanOrEqual(300);
  });

  test('connects anew when a renewal failed', async () => {
    const { counts, leases, keepers, logs } = setup(90);
    Atomics.store(counts, 3, 1);
    await keepers.start(patient);
    leases.hold(1, systemClock.monotonic());
    blockUntil(counts, 1, 1);
    expect(Atomics.load(counts, 0)).toBe(2);
    await new Promise((resolve) => setTimeout(resolve, 0));
    await keepers.stop();
    expect(logs.map(({ message, fields }) => [message, fields['error']])).toEqual([
      ['The lease keeper could not renew; trying again', 'busy'],
    ]);
  });

  test('gives renewing back to the main loop when it is stopped, having closed its connection', async () => {
    const { counts, leases, keepers, mainLoop } = setup(60);
    const keeper = await keepers.start(patient);
    leases.hold(1, systemClock.monotonic());
    await keeper.stop();
    await keeper.stop();
    expect(Atomics.load(counts, 2)).toBe(1);
    while (mainLoop.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  });

  test('that cannot start says why', async () => {
    const { keepers } = setup(60, { module, options: {} });
    await expect(keepers.start(patient)).rejects.toMatchObject({
      code: 'CTQ_TRANSPORT_CONNECTION',
      message: expect.stringContaining('no options'),
    });
    const missing = setup(60, { module: join(folder, 'missing.mjs'), options: {} });
    await expect(missing.keepers.start(patient)).rejects.toThrow('missing.mjs');
    await writeFile(join(folder, 'other.mjs'), 'export const nothing = 1;');
    const other = setup(60, { module: join(folder, 'other.mjs'), options: {} });
    await expect(other.keepers.start(patient)).rejects.toThrow('does not export openLeaseRenewer');
  });

  test('ends the process, naming what blocks it, when the program asked for that', async () => {
    const program = join(folder, 'program.mjs');
    await writeFile(
      program,
      `
      const { systemClock, silentLogger } = await import(${JSON.stringify(import.meta.resolve('@ctq/runtime'))});
      const { LeaseClock } = await import(${JSON.stringify(new URL('lease/lease-clock.js', dist).href)});
      const { LeaseKeepers } = await import(${JSON.stringify(new URL('lease/keeper-thread.js', dist).href)});
      const lease = { durationMs: 100, renew: async () => {}, lost: async () => [], sweep: async () => 0 };
      const shared = { clock: systemClock, logger: silentLogger };
      const leases = new LeaseClock({ lease, ...shared, onLost() {}, onSwept() {} });
      const renewer = { module: ${JSON.stringify(pathToFileURL(module).href)}, options: { counts: new SharedArrayBuffer(16) } };
      const keepers = new LeaseKeepers({ leases, durationMs: 100, renewer, ...shared });
      const keeper = await keepers.start({ maxBlockedMs: 200, exitProcess: true, onBlocked() {} });
      keeper.note('shop.charge[1]');
      for (;;);
      `,
    );
    const child = spawn(process.execPath, [program], { stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    const [code, signal] = await once(child, 'close');
    expect([code, signal]).toEqual([null, 'SIGKILL']);
    expect(said).toMatch(
      /^ctq: the main loop has been blocked for \d+ s by shop\.charge\[1\]; ending the process\.\n$/,
    );
  });
});
