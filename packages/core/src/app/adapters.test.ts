import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ConfigurationError, createLogger, type LogRecord } from '@ctq/runtime';
import { describe, expect, test } from 'vitest';
import { memoryBackend } from '../backend/memory-backend.js';
import { type AdapterResolver, type AdapterResolverOptions, createAdapterResolver } from './adapters.js';
import type { Environment } from './environment.js';

interface Setup {
  readonly resolver: AdapterResolver;
  readonly folder: string;
  readonly lines: LogRecord[];
}

/** An app's folder with packages installed in it: their names and their source. */
function setup(
  packages: Readonly<Record<string, string>> = {},
  options: Partial<AdapterResolverOptions> & { readonly env?: Partial<Environment> } = {},
): Setup {
  const folder = mkdtempSync(join(tmpdir(), 'ctq-adapters-'));
  writeFileSync(join(folder, 'package.json'), '{}');
  for (const [name, source] of Object.entries(packages)) {
    const packageFolder = join(folder, 'node_modules', ...name.split('/'));
    mkdirSync(packageFolder, { recursive: true });
    const manifest = { name, version: '1.0.0', type: 'module', exports: { '.': { default: './index.js' } } };
    writeFileSync(join(packageFolder, 'package.json'), JSON.stringify(manifest));
    writeFileSync(join(packageFolder, 'index.js'), source);
  }
  const lines: LogRecord[] = [];
  const { env, ...given } = options;
  const environment: Environment = { brokerUrl: undefined, resultBackend: undefined, isProduction: false, ...env };
  const logger = createLogger((line) => lines.push(line));
  return {
    folder,
    lines,
    resolver: createAdapterResolver({ folder, isBrokerNamed: false, logger, environment, ...given }),
  };
}

const fake =
  'export const createTransport = (url, options) => ({ made: "transport", url, options }); export const createBackend = (url, options) => ({ made: "backend", url, options });';

const refusal = (code: string, text: string): ConfigurationError =>
  expect.objectContaining({ code, message: expect.stringContaining(text) }) as ConfigurationError;

describe('adapters of URLs', () => {
  test.each([
    ['redis://h/0', '@ctq/transport-redis', '@ctq/backend-redis'],
    ['rediss://h/0', '@ctq/transport-redis', '@ctq/backend-redis'],
    ['sentinel://h:26379;sentinel://i:26379', '@ctq/transport-redis', '@ctq/backend-redis'],
    ['redis+socket:///tmp/s', '@ctq/transport-redis', '@ctq/backend-redis'],
    ['sqlite:///x', '@ctq/transport-sqlite', '@ctq/backend-sqlite'],
    ['SQLITE:x', '@ctq/transport-sqlite', '@ctq/backend-sqlite'],
  ])('are of the package for the scheme, found from the app: %s', async (url, transport, backend) => {
    const { resolver } = setup({ [transport]: fake, [backend]: fake });
    expect(await resolver.transport(url, { a: 1 })).toEqual({ made: 'transport', url, options: { a: 1 } });
    expect(await resolver.backend(url)).toEqual({ made: 'backend', url, options: {} });
  });

  test.each(['amqp', 'amqps', 'pyamqp', 'librabbitmq'])('%s is AMQP', async (scheme) => {
    const { resolver } = setup({ '@ctq/transport-amqp': fake });
    expect(await resolver.transport(`${scheme}://h//`)).toMatchObject({ made: 'transport' });
  });

  test('are refused with the command to type when the package is not installed', async () => {
    const nats = { transport: '@acme/ctq-nats', backend: '@acme/ctq-nats-results' };
    const { resolver, folder } = setup({}, { schemes: { nats } });
    await expect(resolver.transport('nats://:secret@h')).rejects.toThrow(
      refusal(
        'CTQ_ADAPTER_NOT_INSTALLED',
        `@acme/ctq-nats is not installed in ${folder}. Run: npm install @acme/ctq-nats`,
      ),
    );
    await expect(resolver.backend('nats://')).rejects.toThrow(
      refusal('CTQ_ADAPTER_NOT_INSTALLED', 'npm install @acme/ctq-nats-results'),
    );
  });

  test('are refused when the package is something else', async () => {
    const { resolver } = setup({ '@ctq/transport-redis': 'export const x = 1;' });
    await expect(resolver.transport('redis://h')).rejects.toThrow(
      refusal('CTQ_ADAPTER_INVALID', "does not export a function 'createTransport'"),
    );
  });

  test('errors inside of a package are its own', async () => {
    const { resolver } = setup({ '@ctq/transport-redis': 'throw new RangeError("broken");' });
    await expect(resolver.transport('redis://h')).rejects.toThrow(RangeError);
  });

  test.each([
    ['reddis://h', "scheme 'reddis'. Did you mean 'redis'?"],
    ['kafka://user:secret@h', "adapters: { kafka: { transport: 'package' } }"],
    ['my-broker://h', "adapters: { 'my-broker': { transport: 'package' } }"],
    ['rpc://', "There is no broker for URLs of the scheme 'rpc'"],
    ['', "of the scheme ''"],
  ])('of a scheme that is not known are refused with those that are: %s', async (url, text) => {
    const { resolver } = setup();
    await expect(resolver.transport(url)).rejects.toThrow(refusal('CTQ_UNKNOWN_SCHEME', text));
    await expect(resolver.transport(url)).rejects.not.toThrow('secret');
  });

  test('memory and disabled need no package', async () => {
    const { resolver } = setup();
    expect((await resolver.transport('memory://')).name).toBe('memory');
    expect((await resolver.backend('memory://')).name).toBe('memory');
    expect((await resolver.backend('disabled')).name).toBe('disabled');
  });

  test('[BK-004, BK-005] third parties register schemes on the app: packages or functions', async () => {
    const made = memoryBackend();
    const { resolver } = setup(
      { '@acme/ctq-nats': fake },
      {
        schemes: { nats: { transport: '@acme/ctq-nats', backend: () => made }, redis: { transport: '@acme/ctq-nats' } },
      },
    );
    expect(await resolver.transport('nats://h')).toMatchObject({ made: 'transport', url: 'nats://h' });
    expect(await resolver.backend('nats://h')).toBe(made);
    expect(await resolver.transport('redis://h')).toMatchObject({ url: 'redis://h' });
    const other = setup();
    await expect(other.resolver.transport('nats://h')).rejects.toThrow(refusal('CTQ_UNKNOWN_SCHEME', 'nats'));
  });
});

describe('without a broker', () => {
  const sqlite = { '@ctq/transport-sqlite': fake, '@ctq/backend-sqlite': fake };

  test('queues and results are in one file beside the package.json, and it is said where', async () => {
    const { resolver, folder, lines } = setup(sqlite);
    const transport = (await resolver.transport(undefined)) as unknown as { readonly url: string };
    const backend = (await resolver.backend(undefined)) as unknown as { readonly url: string };
    expect(transport.url).toMatch(/^sqlite:\/\/\/.*\/\.ctq\/ctq\.sqlite$/);
    expect(backend.url).toBe(transport.url);
    expect(lines.map(({ message }) => message)).toEqual([
      `No broker is configured: queues and results are in ${join(folder, '.ctq', 'ctq.sqlite')}.`,
    ]);
  });

  test("the environment's are taken first", async () => {
    const env = { brokerUrl: 'sqlite:///b', resultBackend: 'sqlite:///r' };
    const { resolver, lines } = setup(sqlite, { env });
    expect(await resolver.transport(undefined)).toMatchObject({ url: 'sqlite:///b' });
    expect(await resolver.backend(undefined)).toMatchObject({ url: 'sqlite:///r' });
    expect(await resolver.transport('sqlite:///named')).toMatchObject({ url: 'sqlite:///named' });
    expect(lines).toEqual([]);
  });

  test("the environment's may be a list, and lack what settings say", async () => {
    const { resolver } = setup(
      { '@ctq/transport-redis': fake },
      { env: { brokerUrl: 'redis://a;b', resultBackend: 'disabled://' } },
    );
    const parts = {
      brokerTransport: undefined,
      brokerPort: 7000,
      brokerUser: undefined,
      brokerPassword: undefined,
      brokerVhost: undefined,
    };
    const made = await resolver.transports(undefined, { options: { x: 1 }, defaults: () => ({}), parts });
    expect(made.map(({ url }) => url)).toEqual(['redis://a:7000', 'redis://b:7000']);
    expect(made[1]?.transport).toMatchObject({ url: 'redis://b:7000', options: { x: 1 } });
  });

  test('the embedded file is taken as it is', async () => {
    const { resolver } = setup(sqlite);
    const parts = {
      brokerTransport: 'redis',
      brokerPort: 7000,
      brokerUser: 'me',
      brokerPassword: 'secret',
      brokerVhost: '1',
    };
    const [made, ...others] = await resolver.transports(undefined, { options: {}, defaults: () => ({}), parts });
    expect(made?.url).toMatch(/^sqlite:\/\/\/.*\/\.ctq\/ctq\.sqlite$/);
    expect(others).toEqual([]);
  });

  test('production refuses', async () => {
    const { resolver } = setup(sqlite, { env: { isProduction: true } });
    await expect(resolver.transport(undefined)).rejects.toThrow(refusal('CTQ_NO_BROKER', 'NODE_ENV=production'));
    expect(await resolver.transport('sqlite:///named')).toMatchObject({ url: 'sqlite:///named' });
  });
});

describe('with a broker but no result backend', () => {
  test.each([{ isBrokerNamed: true }, { env: { brokerUrl: 'redis://h' } }])(
    '[ST-024] [BK-006] there are no results (%j)',
    async (options) => {
      const { resolver } = setup({}, options);
      expect((await resolver.backend(undefined)).name).toBe('disabled');
    },
  );
});
