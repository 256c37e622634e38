// Takes a message, blocks the main loop for longer than the lease, then acknowledges it:
// `fork(thisFile, [path, queue, leaseMs, 'keeper' | 'alone'])`.
import { silentLogger, systemClock } from '@ctq/runtime';
import { sqlite } from '../dist/index.js';

const [path, queue, leaseMs, mode] = process.argv.slice(2);
const transport = sqlite({ path, leaseDuration: `${leaseMs}ms` });
const connection = await transport.connect({ clock: systemClock, logger: silentLogger }, new AbortController().signal);
if (mode === 'keeper') await connection.leaseKeeper.start({ maxBlockedMs: 60_000, onBlocked: () => undefined });
const channel = await connection.openChannel();
// What it loses, it does not take again.
await channel.setPrefetch(1);
await channel.consume(queue, {}, (delivery) => {
  process.send('holding', () => {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3 * Number(leaseMs));
    void Promise.resolve(delivery.isHeld()).then(async (isHeld) => {
      if (isHeld) await delivery.ack();
      process.send({ isHeld });
    });
  });
});
