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

  /** The node that decides what is in a quorum queue. */
  async function leaderOf(name: string) {
    const listed = await cluster.nodes[0]?.ctl('list_queues', 'name', 'leader', '--formatter', 'json');
    const queues = JSON.parse(listed ?? '[]') as { readonly name: string; readonly leader: string }[];
    const leader = queues.find((each) => each.name === name)?.leader;
    const found = cluster.nodes.find(({ node }) => node === leader);
    if (found === undefined) throw new Error(`Nobody leads ${name}.`);
    return found;
  }

  test.for(['another node than its own', 'its own node'])(
    'a producer goes on when the leader of its queue, on %s, is killed: every call ends by its own retries, and nothing that was confirmed is lost',
    { timeout: 240_000 },
    async (where) => {
      const work = queue(`led-${crypto.randomUUID()}`, { arguments: { 'x-queue-type': 'quorum' } });
      const route = { exchange: '', routingKey: work.name };
      await using declaring = openConnection({ transport: cluster.nodes.map(({ url }) => amqp({ url })) });
      await declaring.producer.publish(textMessage('first'), route, { declare: [work] });
      const leader = await leaderOf(work.name);
      const others = cluster.nodes.filter((node) => node !== leader);
      const inOrder = where === 'its own node' ? [leader, ...others] : [...others, leader];
      const transports = inOrder.map(({ url }) => amqp({ url }));
      const program = await Program.start(transports, [work]);
      const { producer } = program.producing;
      const calls: { readonly text: string; readonly made: Promise<void> }[] = [];
      // With the retries that everybody has.
      const call = (): Promise<void> => {
        const text = `call ${calls.length}`;
        const made = producer.publish(textMessage(text), route);
        made.catch(() => undefined);
        calls.push({ text, made });
        return made;
      };

      for (let n = 0; n < 100; n += 1) await call();
      const own = inOrder[transports.findIndex((each) => each === program.producing.transport)];
      expect(own === leader).toBe(where === 'its own node');
      expect((await leaderOf(work.name)).node).toBe(leader.node);
      let isOn = true;
      const goingOn = (async () => {
        for (; isOn; await new Promise((resolve) => setTimeout(resolve, 5))) void call();
      })();
      await call();
      await leader.kill();
      const dead = calls.length;
      await within(
        quorumPatienceMs,
        'a message that was published when the leader was dead',
        eventually(() => calls.slice(dead).some(({ text }) => program.got.includes(text))),
      );
      isOn = false;
      await goingOn;
      // The queue has a leader again: nothing is refused for good any more.
      const after = Array.from({ length: 100 }, () => call());
      await within(quorumPatienceMs, 'what is published then', Promise.all(after));
      const settling = Promise.allSettled(calls.map(({ made }) => made));
      const ends = await within(quorumPatienceMs, 'the end of every call', settling);
      const confirmed = calls.filter((_, n) => ends[n]?.status === 'fulfilled').map(({ text }) => text);
      await program.arrivals(confirmed, quorumPatienceMs);
      await leader.startAgain();
      await leader.ctl('await_online_nodes', '3');
    },
  );
});
