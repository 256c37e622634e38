import { decodeEnvelope } from '@ctq/messaging';
import { silentLogger, systemClock } from '@ctq/runtime';
import { recordCommands } from '@ctq/test-services/redis-monitor';
import { redisDatabase } from '@ctq/test-services';
import { describeWith } from '@ctq/test-services/vitest';
import { loadVectors } from '@ctq/wire-vectors';
import { Redis } from 'ioredis';
import { describe, expect, test } from 'vitest';
import { KeySpace } from './key-space.js';
import { readOptions, redisConfig } from './redis-options.js';
import { redis } from './redis-transport.js';

type Command = readonly [name: string, ...args: string[]];

const variants = loadVectors('redis_variants');
const captured = variants.filter(({ raw }) => raw['transport_options'] !== undefined);
const commandsOf = (raw: Readonly<Record<string, unknown>>): readonly Command[] =>
  (raw['commands'] as { cmd: Command }[]).map(({ cmd }) => cmd);

describe('the list of a priority', () => {
  const keys = new KeySpace(redisConfig({}).keys);
  const lists = Object.entries(variants.find(({ name }) => name === 'priority_to_key')?.raw ?? {});
  const priorities = lists.filter(([priority]) => priority !== 'None') as [string, string[]][];

  test.each(priorities)('%s is the captured one', (priority, expected) => {
    expect([keys.listFor('celery', Number(priority))]).toEqual(expected);
  });
});

describeWith('redis', "Kombu's layout", (url) => {
  // The captures name the database in their channels.
  const database = redisDatabase(url, 'kombuLayout');

  test.each(captured)('is written as captured with the options of $name', async ({ raw }) => {
    const python = commandsOf(raw);
    const pushed = decodeEnvelope(argumentOf(python, 'LPUSH'));
    const broadcast = decodeEnvelope(argumentOf(python, 'PUBLISH'));
    const sent = await record(database, async () => {
      const given = readOptions(raw['transport_options'] as Record<string, unknown>);
      const transport = redis({ ...given, url: database });
      const context = { clock: systemClock, logger: silentLogger };
      const connection = await transport.connect(context, AbortSignal.timeout(10_000));
      const channel = await connection.openChannel();
      await channel.declareExchange({ name: 'celery', type: 'direct', durable: true, autoDelete: false });
      await channel.declareQueue({ name: 'celery', durable: true, exclusive: false, autoDelete: false });
      await channel.bindQueue({ queue: 'celery', exchange: 'celery', routingKey: 'celery' });
      await channel.publish(pushed.message, pushed.route);
      await channel.declareExchange({ name: 'celery.pidbox', type: 'fanout', durable: false, autoDelete: false });
      await channel.publish(broadcast.message, broadcast.route);
      await connection.close();
    });
    for (const name of ['SADD', 'LPUSH', 'PUBLISH']) {
      const expected = python.find(([command]) => command === name);
      const ours = sent.find(([command, key]) => command === name && !key?.includes('ctq.'));
      expect(ours?.map(comparable)).toEqual(expected?.map(comparable));
    }
  });
});

function argumentOf(commands: readonly Command[], name: string): string {
  return commands.find(([command]) => command === name)?.[2] ?? '';
}

/** An envelope without its tag, which is new for each publish; everything else as it is. */
function comparable(argument: string): unknown {
  if (!argument.startsWith('{')) return argument;
  const { properties, ...rest } = JSON.parse(argument) as { properties: Record<string, unknown> };
  return { ...rest, properties: { ...properties, delivery_tag: '<tag>' } };
}

/** The commands that reach the database meanwhile, by whomever. */
async function record(url: string, act: () => Promise<void>): Promise<readonly Command[]> {
  const client = new Redis(url);
  await client.flushdb();
  client.disconnect();
  const commands = await recordCommands(url, act);
  return commands.filter(({ db }) => db === 8).map(({ name, args }) => [name, ...args]);
}
