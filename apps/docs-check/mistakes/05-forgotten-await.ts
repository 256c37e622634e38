// A forgotten await
// Sending takes time: what it gives is a promise of the result's handle.
import { add } from './shop.js';

const sent = add.delay(2, 2);
await (await sent).get();
// mistake
await sent.get();
