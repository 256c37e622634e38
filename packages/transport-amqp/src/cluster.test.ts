import { openConnection, queue } from '@ctq/messaging';
import { type RabbitCluster, startRabbitCluster } from '@ctq/test-services';
import { describeWithPrograms } from '@ctq/test-services/vitest';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually, Program, quorumPatienceMs, textMessage, within } from './__fixtures__/program.js';
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
    const program = await Program.start(transports, [work], { publishTimeoutMs: 5_000 });
    const nodeOf = (transport: unknown) => cluster.nodes[transports.findIndex((each) => each === transport)];
    const route = { exchange: '', routingKey: work.name };
    await program.publish('before');
    await program.arrivals(['before']);

    for (const round of [1, 2]) {
      const node = nodeOf(program.consuming.transport);
      await using early = openConnection({ transport: node === undefined ? transports : amqp({ url: node.url }) });
      const texts = Array.from({ length: 200 }, (_, n) => `round ${round}, message ${n}`);
      const publishing = texts.map((text) =>
        early.producer.publish(textMessage(text), route, { retry: false, timeoutMs: 10_000 }),
      );
      const outcomes = Promise.allSettled(publishing);
      // Some are confirmed, and some under way.
      await publishing[50];
      await node?.kill();
      // Its consumer is answered: the queue has a leader again.
      await within(
        quorumPatienceMs,
        'the consumer',
        eventually(() => program.events.filter((event) => event === 'resumed').length === round),
      );
      expect(nodeOf(program.consuming.transport)).not.toBe(node);
      // By a connection that comes now, to whichever of the others: RabbitMQ 3.10 goes on refusing on a channel that has published while there was no leader.
      await using late = openConnection({ transport: transports });
      await late.producer.publish(textMessage(`after ${round}`), route);
      await program.arrivals([`after ${round}`]);
      const ends = await outcomes;
      const confirmed = texts.filter((_, n) => ends[n]?.status === 'fulfilled');
      expect(confirmed.length).toBeGreaterThan(50);
      await program.arrivals(confirmed, quorumPatienceMs);
      await node?.startAgain();
      // A quorum is two of three: the next one may go only when this one is back.
      await node?.ctl('await_online_nodes', '3');
    }
  });
});
