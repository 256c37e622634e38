import assert from 'node:assert/strict';
import { deferred } from '@ctq/runtime';
import { TopologyNotFoundError } from '../../errors.js';
import type { NodeReply } from '../../mailbox/mailbox-message.js';
import { textMessage } from '../messages.js';
import type { TransportScene } from '../transport-scene.js';
import { requireFanout, type TransportCase } from './case.js';

const nodesOf = (replies: readonly NodeReply[]): readonly string[] => replies.map(({ node }) => node).sort();

/** Whether there is a queue. */
async function exists(scene: TransportScene, name: string): Promise<boolean> {
  const channel = await scene.channel();
  try {
    await channel.declareQueue({ name, durable: false, exclusive: false, autoDelete: true, passive: true });
    return true;
  } catch (error) {
    if (TopologyNotFoundError.isInstance(error)) return false;
    throw error;
  }
}

export const mailboxCases: readonly TransportCase[] = [
  {
    name: 'every node of a mailbox hears a request, and answers whoever asked [RC-083, RC-084, RC-087, RC-088, RC-089, RC-093]',
    requires: requireFanout,
    async run(scene) {
      const { patienceMs: timeoutMs } = scene;
      const mailboxes = scene.mailboxes();
      await mailboxes.node('w1@host');
      await mailboxes.node('w2@host');
      const client = mailboxes.mailbox();
      const replies = await client.ask('ping', { n: 1 }, { timeoutMs, limit: 2, destination: [] });
      assert.deepEqual(nodesOf(replies), ['w1@host', 'w2@host']);
      assert.deepEqual(replies[0]?.value, { method: 'ping', args: { n: 1 } });
      assert.equal(await exists(scene, `w1@host.${mailboxes.namespace}.pidbox`), true);
    },
  },
  {
    name: 'a request to a mailbox is carried out by the nodes that it names, or whose names match its pattern [RC-092, RC-094, RC-095, RC-153]',
    requires: requireFanout,
    async run(scene) {
      const { patienceMs: timeoutMs } = scene;
      const mailboxes = scene.mailboxes();
      await mailboxes.node('w1@host');
      await mailboxes.node('w2@host');
      const client = mailboxes.mailbox();
      await client.cast('to nobody', {}, { destination: ['w3@host'] });
      await client.cast('by glob', {}, { pattern: 'w1@*', matcher: 'glob' });
      await client.cast('by pcre', {}, { pattern: 'w[2-9]', matcher: 'pcre' });
      await client.cast('in vain', {}, { destination: ['w1@host'], pattern: 'w2@*' });
      const named = await client.ask('named', {}, { timeoutMs, destination: ['w2@host'] });
      assert.deepEqual(nodesOf(named), ['w2@host']);
      await client.ask('last', {}, { timeoutMs, limit: 2 });
      assert.deepEqual(
        mailboxes.heard.filter((one) => one.startsWith('w1')),
        ['w1@host by glob', 'w1@host in vain', 'w1@host last'],
      );
      assert.deepEqual(
        mailboxes.heard.filter((one) => one.startsWith('w2')),
        ['w2@host by pcre', 'w2@host named', 'w2@host last'],
      );
    },
  },
  {
    name: 'who asks a mailbox at the same time is given the replies that are meant for it [RC-090]',
    requires: requireFanout,
    async run(scene) {
      const { patienceMs: timeoutMs } = scene;
      const mailboxes = scene.mailboxes();
      const first = deferred();
      await mailboxes.node('w1@host', {
        handle: async (method) => {
          if (method === 'slow') await first.promise;
          return method;
        },
      });
      const [one, other] = [mailboxes.mailbox(), mailboxes.mailbox()];
      const slow = one.ask('slow', {}, { timeoutMs, limit: 1 });
      const quick = await Promise.all([
        one.ask('quick', {}, { timeoutMs, limit: 1 }),
        other.ask('elsewhere', {}, { timeoutMs, limit: 1 }),
      ]);
      first.resolve();
      assert.deepEqual(
        [...quick, await slow].map(([reply]) => reply?.value),
        ['quick', 'elsewhere', 'slow'],
      );
    },
  },
  {
    name: 'a node of a mailbox goes on after what it cannot read, and tells of what it could not do [RC-042, RC-098]',
    requires: requireFanout,
    async run(scene) {
      const { patienceMs: timeoutMs } = scene;
      const mailboxes = scene.mailboxes();
      await mailboxes.node('w1@host', {
        handle: (method) => {
          if (method === 'fail') throw new TypeError('cannot');
          return undefined;
        },
      });
      const channel = await scene.channel();
      const route = { exchange: `${mailboxes.namespace}.pidbox`, routingKey: '' };
      for (const text of ['', '[', '[]', '{}', '{"method": 5}']) {
        await channel.publish({ ...textMessage(text), contentType: 'application/json' }, route);
      }
      const client = mailboxes.mailbox();
      const failed = await client.ask('fail', {}, { timeoutMs, limit: 1 });
      assert.deepEqual(failed, [{ node: 'w1@host', value: { error: 'TypeError: cannot' } }]);
      const nothing = await client.ask('nothing', {}, { timeoutMs, limit: 1 });
      assert.deepEqual(nothing, [{ node: 'w1@host', value: null }]);
    },
  },
  {
    name: 'the queues of a mailbox go with who has made them, also in the middle of a request',
    requires: requireFanout,
    async run(scene) {
      const { patienceMs: timeoutMs } = scene;
      const mailboxes = scene.mailboxes();
      const asked = deferred<string>();
      const go = deferred();
      const node = await mailboxes.node('w1@host', { handle: () => go.promise, onRequest: asked.resolve });
      const client = mailboxes.mailbox();
      const asking = client.ask('wait', {}, { timeoutMs, limit: 1 });
      asking.catch(() => undefined);
      const replies = `${await scene.eventually('a request', asked.promise)}.reply.${mailboxes.namespace}.pidbox`;
      const wasThere = await exists(scene, replies);
      await Promise.all([client.close(), client.close()]);
      go.resolve();
      await Promise.all([node.close(), node.close()]);
      await assert.rejects(asking, { code: 'CTQ_CHANNEL_CLOSED' });
      assert.equal(wasThere, true);
      assert.equal(await exists(scene, replies), false);
      assert.equal(await exists(scene, `w1@host.${mailboxes.namespace}.pidbox`), false);
    },
  },
];

/** With connections that are lost. */
export function lostMailboxCases(restart: () => Promise<void>): readonly TransportCase[] {
  return [
    {
      name: 'a lost connection keeps neither a node of a mailbox from hearing nor who has asked before from being answered [RC-089, RC-109]',
      requires: requireFanout,
      async run(scene) {
        const mailboxes = scene.mailboxes();
        const begun = deferred();
        const go = deferred();
        await mailboxes.node('w1@host', {
          handle: async (method) => {
            if (method !== 'wait') return method;
            begun.resolve();
            await go.promise;
            return 'answered';
          },
        });
        const client = mailboxes.mailbox();
        const asking = client.ask('wait', {}, { timeoutMs: 60_000, limit: 1 });
        asking.catch(() => undefined);
        await scene.eventually('a request', begun.promise);
        await restart();
        // Both listen again as soon as they can, which nobody else is told of.
        const heard = async (): Promise<void> => {
          for (;;) {
            const replies = await client.ask('again', {}, { timeoutMs: 200, limit: 1 }).catch(() => []);
            if (replies.length > 0) return;
          }
        };
        await scene.eventually('a node that listens again', heard());
        go.resolve();
        assert.deepEqual(await asking, [{ node: 'w1@host', value: 'answered' }]);
      },
    },
  ];
}
