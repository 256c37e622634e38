import { memoryTransport } from '@ctq/messaging';
import type { Transport } from '@ctq/messaging/transport';
import { expect, test } from 'vitest';
import { RpcScene, soon } from './__fixtures__/rpc-scene.js';

/** Workers gossip over a broker that others can reach. */
function networked(): Transport {
  const memory = memoryTransport();
  return {
    ...{ spec: 1, name: memory.name, url: memory.url, supports: { ...memory.supports, reach: 'network' } },
    connect: (context, signal) => memory.connect(context, signal),
  };
}

test('The result of a call that a worker sends by election comes to who has asked for it [CV-312]', async () => {
  const scene = new RpcScene(networked());
  const client = scene.app();
  const program = scene.app();
  program.task('add', (x: number, y: number) => x + y);
  await scene.start(program);
  const add = client.task('add', (x: number, y: number) => x + y);
  const result = await add.s(2, 3).election();
  expect(await scene.hears(client)).toBe(true);
  expect(await result.get(soon)).toBe(5);
});
