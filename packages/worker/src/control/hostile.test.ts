import { exchange } from '@ctq/messaging';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ControlScene } from '../__fixtures__/control-scene.js';
import { encode } from '../__fixtures__/worker-scene.js';
import { builtinCommands } from './builtin-commands.js';

const pidbox = exchange('celery.pidbox', { type: 'fanout', durable: false });

/** Puts a control message on its way as it is. */
async function send(
  scene: ControlScene,
  body: Uint8Array,
  headers: Readonly<Record<string, unknown>> = {},
  contentType = 'application/json',
): Promise<void> {
  const { producer } = await scene.app.kernel.publishing();
  await producer.publish(
    { body, contentType, contentEncoding: 'utf-8', headers, properties: {} },
    { exchange: pidbox.name, routingKey: '' },
    { declare: [pidbox] },
  );
}

const pong = { ok: 'pong' };

describe('A control message that cannot be read', () => {
  test.each([
    ['no JSON', encode('{'), 'application/json'],
    ['nothing', new Uint8Array(), 'application/json'],
    ['a list', encode([1, 2]), 'application/json'],
    ['no method', encode({ arguments: {} }), 'application/json'],
    ['a method that is no name', encode({ method: 7 }), 'application/json'],
    ['arguments that are no mapping', encode({ method: 'ping', arguments: [1] }), 'application/json'],
    ['a destination that is no list', encode({ method: 'shutdown', destination: { w1: 1 } }), 'application/json'],
    [
      'a pattern that takes for ever',
      encode({ method: 'shutdown', pattern: `${'.*'.repeat(60)}z`, matcher: 'pcre' }),
      'application/json',
    ],
    [
      'a matcher that is not known',
      encode({ method: 'shutdown', pattern: 'w*', matcher: 'psychic' }),
      'application/json',
    ],
    ['something that would run code', encode('cos\nsystem\n'), 'application/x-python-serialize'],
  ])('is dropped with a line: %s [RC-098]', async (_what, body, contentType) => {
    await using scene = new ControlScene();
    const worker = await scene.start();
    await send(scene, body, {}, contentType);
    expect(await scene.line(/Cannot decode a control message/)).toMatchObject({ level: 'fatal' });
    expect(await scene.ask('ping')).toEqual(pong);
    expect(worker.phase).toBe('running');
  });
});

describe('A command that fails', () => {
  test('answers with its error, and the worker goes on [RC-042, RC-099]', async () => {
    await using scene = new ControlScene();
    scene.app.inspectCommand('breaks', {}, () => {
      throw new TypeError("it's broken");
    });
    scene.app.inspectCommand('rejects', {}, () => Promise.reject(new RangeError('later')));
    scene.app.inspectCommand('throwsNothing', {}, () => {
      // oxlint-disable-next-line no-throw-literal, only-throw-error -- programs do
      throw undefined;
    });
    await scene.start();
    expect(await scene.ask('breaks')).toEqual({ error: `TypeError("it's broken")` });
    expect(await scene.ask('rejects')).toEqual({ error: "RangeError('later')" });
    expect(await scene.ask('throwsNothing')).toEqual({ error: expect.any(String) });
    await scene.line(/The control command breaks failed/);
    expect(await scene.ask('ping')).toEqual(pong);
  });

  test.each<[string, () => unknown]>([
    ['a function', () => ({ ok: () => 1 })],
    [
      'a circle',
      () => {
        const circle: Record<string, unknown> = {};
        circle['self'] = circle;
        return circle;
      },
    ],
    ['a symbol', () => Symbol('x')],
    [
      'what throws when it is read',
      () => ({
        get ok(): never {
          throw new Error('no');
        },
      }),
    ],
  ])('answers with an error where its answer cannot be sent: %s [RC-042, RC-099]', async (_what, run) => {
    await using scene = new ControlScene();
    scene.app.inspectCommand('odd', {}, run);
    await scene.start();
    const told = await scene.ask('odd');
    expect(told).toEqual({ error: expect.stringMatching(/^\w*Error\(/) });
    expect(await scene.ask('ping')).toEqual(pong);
  });
});

describe('Whatever is sent to a worker', () => {
  const names = builtinCommands.map(({ name }) => name).filter((name) => name !== 'shutdown');
  const argumentNames = [...new Set(builtinCommands.flatMap(({ args = {} }) => Object.keys(args)))];
  const anything = fc.jsonValue({ maxDepth: 3 });
  const args = fc.dictionary(
    fc.oneof(fc.constantFrom(...argumentNames), fc.constant('__proto__'), fc.string()),
    anything,
  );
  const request = fc.record(
    {
      method: fc.oneof(fc.constantFrom(...names), fc.constantFrom('__proto__', 'constructor', 'nobody'), anything),
      arguments: fc.oneof({ weight: 5, arbitrary: args }, anything),
      destination: fc.oneof(fc.constant(null), fc.constant(['w1@host']), anything),
      pattern: fc.oneof(fc.constant(null), anything),
      matcher: fc.oneof(fc.constant(null), fc.constantFrom('glob', 'pcre'), anything),
      ticket: anything,
      reply_to: fc.oneof(anything, fc.record({ exchange: fc.string(), routing_key: fc.string() })),
    },
    { requiredKeys: [] },
  );

  test('it answers the next question [RC-098, RC-099]', async () => {
    await using scene = new ControlScene({ workerPoolRestarts: true });
    const worker = await scene.start({ concurrency: 2 });
    const headers = fc.dictionary(fc.constantFrom('clock', 'expires', 'ticket', 'x'), anything);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(request, headers), { minLength: 1, maxLength: 20 }), async (messages) => {
        for (const [body, given] of messages) await send(scene, encode(body), given);
        expect(await scene.ask('ping')).toEqual(pong);
      }),
      { numRuns: 60 },
    );
    expect(worker.phase).toBe('running');
    expect(worker.concurrency).toBeGreaterThan(0);
  });

  test('each command answers whatever its arguments are [RC-042, RC-099]', async () => {
    await using scene = new ControlScene({ workerPoolRestarts: true });
    await scene.start({ concurrency: 2 });
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...names), args, async (name, given) => {
        expect(await scene.ask(name, given)).toBeDefined();
      }),
      { numRuns: 200 },
    );
    expect(await scene.ask('ping')).toEqual(pong);
  });
});
