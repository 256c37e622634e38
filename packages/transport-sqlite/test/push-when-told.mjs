// Pushes each text that it is sent to a queue: `fork(thisFile, [path, queue])`.
import { silentLogger, systemClock } from '@ctq/runtime';
import { sqlite } from '../dist/index.js';

const [path, queue] = process.argv.slice(2);
const connection = await sqlite({ path }).connect(
  { clock: systemClock, logger: silentLogger },
  new AbortController().signal,
);
const channel = await connection.openChannel();
process.on('message', (text) => {
  const message = {
    body: new TextEncoder().encode(text),
    contentType: 'text/plain',
    contentEncoding: 'utf-8',
    headers: {},
    properties: {},
  };
  void channel.publish(message, { exchange: '', routingKey: queue });
});
process.send('ready');
