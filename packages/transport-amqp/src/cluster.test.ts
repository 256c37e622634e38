import { queue } from '@ctq/messaging';
import { type RabbitCluster, startRabbitCluster } from '@ctq/test-services';
import { describeWithPrograms } from '@ctq/test-services/vitest';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { patienceMs, Program } from './__fixtures__/program.js';
import { amqp } from './amqp-transport.js';

describeWithPrograms(['rabbitmq-server'], 'In a cluster of three', () => {
  let cluster: RabbitCluster;
  beforeAll(async () => {
    cluster = await startRabbitCluster(3);
  }, 240_000);
  afterAll(() => cluster.stop());

  test('a program with the addresses of all goes on by another one when its own is killed, and nothing that was confirmed is lost', {
    timeout: 240_000,
  }, async () => {
    const transports = cluster.nodes.map(({ url }) => amqp({ url }));
    const work = queue('work', { arguments: { 'x-queue-type': 'quorum' } });
    const program = await Program.start(transports, [work]);
    const nodeOf = (transport: unknown) => cluster.nodes[transports.findIndex((each) => each === transport)];
    await program.publish('before');
    await program.arrivals(['before']);

    for (const round of [1, 2, 3]) {
      const node = nodeOf(program.consuming.transport);
      const stopPublishing = program.keepPublishing([work]);
      await node?.kill();
      await program.publish(`after ${round}`);
      await program.arrivals([`after ${round}`], 2 * patienceMs);
      const confirmed = await stopPublishing();
      await program.arrivals(confirmed, 2 * patienceMs);
      expect(nodeOf(program.consuming.transport)).not.toBe(node);
      expect(nodeOf(program.producing.transport)).not.toBe(node);
      await node?.startAgain();
      // A quorum needs two of three: the next may go only when this one is back.
      await node?.ctl('await_online_nodes', '3');
    }
  });
});
