import { type Connection, MailboxLayout, type MailboxLayoutOptions, openConnection } from '@ctq/messaging';
import { MailboxScene } from '@ctq/messaging/conformance';
import { systemClock } from '@ctq/runtime';
import { type SentMethod, tapAmqp } from '@ctq/test-services/amqp-tap';
import { describeWith } from '@ctq/test-services/vitest';
import { loadVectors } from '@ctq/wire-vectors';
import { expect, onTestFinished, test } from 'vitest';
import { amqp } from './amqp-transport.js';

function mailboxesAt(url: string, options: MailboxLayoutOptions): MailboxScene {
  const layout = new MailboxLayout({ queueTtl: 300, queueExpires: 10, ...options });
  const connect = (): Connection => openConnection({ transport: amqp({ url }) });
  const mailboxes = new MailboxScene({ layout, clock: systemClock, connect });
  onTestFinished(() => mailboxes.close());
  return mailboxes;
}

type Args = Readonly<Record<string, unknown>>;

/** What is declared and bound for a mailbox, without the names that are made up. */
function declaredFor(methods: readonly { readonly name: string; readonly args: Args }[], namespace: string) {
  const made = /[\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12}/g;
  const text = (value: unknown): string =>
    JSON.stringify(value, (_, one: unknown) => (typeof one === 'bigint' ? Number(one) : one));
  const found = methods
    .filter(({ name, args }) => /declare$|bind$/.test(name) && text(args).includes('pidbox'))
    .map(({ name, args: { ticket: _, ...args } }) =>
      text([name, args])
        .replaceAll(namespace, 'celery')
        .replaceAll(made, 'id')
        .replaceAll('"l"', '"I"')
        .replaceAll('"L"', '"I"'),
    );
  return [...new Set(found)].sort();
}

describeWith('amqp', 'A mailbox on RabbitMQ', (url) => {
  test('has the exchanges and queues that Celery has [RC-083, RC-084, RC-087, RC-088]', async () => {
    const namespace = `kit-${crypto.randomUUID().slice(0, 8)}`;
    await using tap = await tapAmqp(url);
    // The captured workers own their queues: the setting controlQueueExclusive.
    const mailboxes = mailboxesAt(tap.url, { namespace, queueExclusive: true });
    await mailboxes.node('w1@wirehost');
    expect(await mailboxes.mailbox().ask('ping', {}, { timeoutMs: 20_000, limit: 1 })).toHaveLength(1);
    const sent: readonly SentMethod[] = tap.sent();
    const trace = loadVectors('amqp_traces').find(({ name }) => name === 'worker_startup')?.raw;
    const captured = (
      trace as unknown as readonly { readonly from: string; readonly method: string; readonly args?: Args }[]
    )
      .filter(({ from }) => from === 'client')
      .map(({ method: name, args = {} }) => ({ name, args }));
    expect(declaredFor(sent, namespace)).toEqual(declaredFor(captured, 'celery'));
  });

  test('is told of a second node of a name [RC-100]', async () => {
    const namespace = `kit-${crypto.randomUUID().slice(0, 8)}`;
    const shared = mailboxesAt(url, { namespace });
    await shared.node('w1@host');
    expect(shared.lines).toEqual([]);
    await shared.node('w1@host');
    const taken = /^A node named w1@host is already using this process mailbox!/;
    expect(shared.lines.map(({ level, message }) => [level, message])).toEqual([
      ['warn', expect.stringMatching(taken)],
    ]);
    const owned = mailboxesAt(url, { namespace: `${namespace}-owned`, queueExclusive: true });
    await owned.node('w1@host');
    await expect(owned.node('w1@host')).rejects.toMatchObject({
      code: 'CTQ_TOPOLOGY_MISMATCH',
      message: expect.stringMatching(taken),
    });
  });
});
