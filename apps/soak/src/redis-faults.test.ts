import { type PrivateRedis, startFaultProxy, startRedisServer } from '@ctq/test-services';
import { describeWithPrograms } from '@ctq/test-services/vitest';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { endure, type EndureReport } from './endure.js';
import { crashes, frozen, networkTrouble, storm } from './trouble.js';

/** Other faults in another order: CTQ_FAULT_SEED=2 npm test -- apps/soak. */
const seed = Number(process.env['CTQ_FAULT_SEED'] ?? 1);

const nobodyLost = { lost: 0, wrong: 0 };
const deafForMs = 10_000;

describeWithPrograms(['redis-server'], 'Tasks over Redis', () => {
  let server: PrivateRedis;

  beforeEach(async () => {
    server = await startRedisServer({ config: { appendonly: 'yes', appendfsync: 'always' } });
  });

  afterEach(() => server.stop());

  const options = { tasks: 2_000, seconds: 6, workers: 2, concurrency: 20, leaseSeconds: 2 };

  function tell(what: string, report: EndureReport): void {
    console.info(`${what}: ${JSON.stringify(report)}`);
  }

  it('survive a network on which everything goes wrong', { timeout: 180_000 }, async () => {
    const { hostname: host, port } = new URL(server.url);
    await using proxy = await startFaultProxy({ target: { host, port: Number(port) } });
    const through = proxy.through(server.url);
    const disturb = networkTrouble(proxy, seed);
    const report = await endure({ ...options, tasks: 10_000, seconds: 20, url: server.url, through, disturb });
    tell(`${JSON.stringify(proxy.stats.faults)}, seed ${seed}`, report);
    expect(report).toMatchObject(nobodyLost);
    expect(report.confirmed).toBeGreaterThan(0);
    expect(report.heardAfterMs).toBeLessThan(deafForMs);
  });

  it('survive a server that ends all connections and forgets all scripts every 50 ms', {
    timeout: 120_000,
  }, async () => {
    const { url } = server;
    const report = await endure({ ...options, url, through: url, disturb: storm(url, 50) });
    tell('storm', report);
    expect(report).toMatchObject(nobodyLost);
    expect(report.heardAfterMs).toBeLessThan(deafForMs);
  });

  it('survive a server that stands still for six seconds, and no connection is given up', {
    timeout: 120_000,
  }, async () => {
    const { url } = server;
    const admin = new Redis(url);
    const made = async (): Promise<number> =>
      Number(/total_connections_received:(\d+)/.exec(await admin.info('stats'))?.[1]);
    let before = 0;
    const freeze = frozen(server, 6_000);
    const disturb = async (signal: AbortSignal): Promise<void> => {
      before = await made();
      await freeze(signal);
    };
    const report = await endure({ ...options, seconds: 8, url, through: url, disturb });
    tell(`frozen, ${(await made()) - before} connections made meanwhile`, report);
    admin.disconnect();
    expect(report).toMatchObject({ ...nobodyLost, rejected: 0, repeated: 0 });
    expect(report.heardAfterMs).toBeLessThan(deafForMs);
  });

  it('survive a server that crashes again and again and has on disk what it confirmed', {
    timeout: 120_000,
  }, async () => {
    const { url } = server;
    const report = await endure({ ...options, url, through: url, disturb: crashes(server, 1_500) });
    tell('crashes', report);
    expect(report).toMatchObject(nobodyLost);
    expect(report.heardAfterMs).toBeLessThan(deafForMs);
  });
});
