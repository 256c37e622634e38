// Takes a message and holds it: `fork(thisFile, [url, queue, leaseMs, 'keeper' | 'alone'])`. Told how long, it blocks its main loop for so long; then it
// says whether it still holds the message, and acknowledges it; with a keeper, even when it does not.
import { silentLogger, systemClock } from '@ctq/runtime';
import { redis } from '../dist/index.js';

const [url, queue, leaseMs, mode] = process.argv.slice(2);
const transport = redis({ url, globalKeyprefix: `holding-${queue}:`, leaseDuration: `${leaseMs}ms` });
const connection = await transport.connect({ clock: systemClock, logger: silentLogger }, new AbortController().signal);
if (mode === 'keeper') await connection.leaseKeeper.start({ maxBlockedMs: 60_000, onBlocked: () => undefined });
const channel = await connection.openChannel();
// What it loses, it does not take again.
await channel.setPrefetch(1);
await channel.consume(queue, {}, (delivery) => {
  process.once('message', (blockMs) => {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, blockMs);
    void settle(delivery);
  });
  process.send('holding');
});

async function settle(delivery) {
  const isHeld = await delivery.isHeld();
  // What is lost is delivered again, to this very process too once it has room.
  if (isHeld || mode === 'keeper') await delivery.ack();
  process.send({ isHeld });
}
