import { chain, chord, group, type Signature } from '@ctq/core';
import { ctqCanvas } from './ctq-tasks.js';
import { type CanvasClient, serveOrders } from './serve-orders.js';
import type { Shape } from './shape.js';

/** A client process of ctq: `ctq-client.js <url> [<steps of a chain that a message carries>]`. */
const [url = '', links] = process.argv.slice(2);
const taskChainInlineLinks = links === undefined ? null : Number(links);
const { app, add, total, ran } = ctqCanvas({ brokerUrl: url, resultBackend: url, taskChainInlineLinks });

function workflow({ kind, size }: Shape): { delay(): Promise<{ get(): Promise<number | readonly number[]> }> } {
  const members = (): Signature<[], number>[] => Array.from({ length: size }, (_, n) => add.s(n, 1));
  switch (kind) {
    case 'chord':
      return chord(members(), total.s());
    case 'chain':
      return add.s(0, 1).pipe(chain(Array.from({ length: size - 1 }, () => add.s(1))));
    case 'nested': {
      let whole = chord([add.s(0, 1), add.s(0, 1)], total.s());
      for (let depth = 1; depth < size; depth += 1) whole = chord([whole, add.s(0, 1)], total.s());
      return whole;
    }
    case 'group':
      return group(members());
  }
}

const client: CanvasClient = {
  prepare(shape) {
    const whole = workflow(shape);
    return async () => (await whole.delay()).get();
  },
  ran: async () => (await ran.delay()).get(),
};
await serveOrders(client);
await app.close();
