import { Ctq } from '@ctq/core';
import { EventReceiver } from '@ctq/core/events';

/** A program: counts events, and says how many when it is asked. */
const app = new Ctq('bench');
const receiver = new EventReceiver(app);
let count = 0;
receiver.on('*', ({ type }) => {
  if (type.startsWith('task-')) count += 1;
});
process.on('message', () => {
  process.send?.(count);
  count = 0;
});
process.once('disconnect', () => process.exit());
await receiver.start();
process.send?.('ready');
