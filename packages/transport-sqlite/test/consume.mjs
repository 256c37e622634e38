// Consumes a queue and tells the text of each message: `fork(thisFile, [path, queue, leaseDuration, 'ack' | 'hold'])`.
import { silentLogger, systemClock } from '@ctq/runtime';
import { sqlite } from '../dist/index.js';

const [path, queue, leaseDuration, mode] = process.argv.slice(2);
const transport = sqlite({ path, leaseDuration });
const connection = await transport.connect({ clock: systemClock, logger: silentLogger }, new AbortController().signal);
const channel = await connection.openChannel();
await channel.consume(queue, {}, (delivery) => {
  const text = new TextDecoder().decode(delivery.message.body);
  if (mode === 'hold') process.send({ text });
  else void delivery.ack().then(() => process.send({ text }));
});
process.send('ready');
