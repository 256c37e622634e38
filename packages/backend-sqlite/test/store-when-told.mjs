// Stores a SUCCESS for each id that it is sent and tells when that is done: `fork(thisFile, [path])`.
import { silentLogger, systemClock } from '@ctq/runtime';
import { sqliteBackend } from '../dist/index.js';

const encode = (value) => Buffer.from(JSON.stringify(value));
const decode = (bytes) => JSON.parse(Buffer.from(bytes).toString());
const codec = { encode, decode, encodeValue: encode, decodeValue: decode };

const backend = sqliteBackend({ path: process.argv[2] });
await backend.open(
  { clock: systemClock, logger: silentLogger, codec, expiresMs: undefined },
  new AbortController().signal,
);
process.on('message', (taskId) => {
  const record = { taskId, status: 'SUCCESS', result: process.pid, traceback: null, children: [], dateDone: null };
  void backend.store([record]).then(() => process.send({ stored: taskId }));
});
process.send('ready');
