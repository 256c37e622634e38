import { mkdirSync, writeFileSync } from 'node:fs';
import { ConfigurationError, silentLogger, systemClock } from '@ctq/runtime';
import { TransportConnectionError } from '@ctq/messaging';
import { openDatabase } from '@ctq/sqlite';
import { describe, expect, test } from 'vitest';
import { testFile } from '@ctq/test-services/vitest';
import { messageSchema } from './message-schema.js';
import { createTransport, sqlite } from './sqlite-transport.js';

async function connectionErrorOf(path: string): Promise<unknown> {
  const transport = sqlite({ path });
  return transport
    .connect({ clock: systemClock, logger: silentLogger }, new AbortController().signal)
    .catch((error: unknown) => error);
}

describe('options', () => {
  test('[MS-001] making a transport touches nothing until it is connected', async () => {
    const path = `${await testFile()}/absent/ctq.sqlite`;
    expect(sqlite({ path })).toMatchObject({ spec: 1, name: 'sqlite', url: `sqlite://${path}` });
  });

  test('[MS-005] a URL names the file and may carry options', () => {
    expect(createTransport('sqlite:///var/ctq.sqlite?leaseDuration=10s&synchronous=FULL').url).toBe(
      'sqlite:///var/ctq.sqlite',
    );
    expect(createTransport('sqlite:shop.sqlite', { leaseDuration: 10 }).url).toBe('sqlite:shop.sqlite');
    expect(createTransport('sqlite://./shop.sqlite').url).toBe('sqlite:./shop.sqlite');
  });

  test.each([
    [() => createTransport('sqlite:a.sqlite', { leaseDuraton: 10 }), "Did you mean 'leaseDuration'?"],
    [() => createTransport('sqlite:a.sqlite?synchronus=FULL'), "Did you mean 'synchronous'?"],
    [() => createTransport('sqlite:a.sqlite?synchronous=OFF'), "'NORMAL' or 'FULL'"],
    [() => createTransport('sqlite:'), 'names no file'],
    [() => sqlite({ path: '' }), "'path' must name a file"],
    [() => sqlite({ path: 'a.sqlite', leaseDuration: '1ms' }), 'at least 100 ms'],
  ])('that cannot be used are refused with what to do (%#)', (make, text) => {
    expect(make).toThrow(text);
    expect(make).toThrow(ConfigurationError);
  });
});

describe('connecting', () => {
  test('[MS-023] to what is no database is an error that trying again does not help', async () => {
    const path = await testFile();
    writeFileSync(path, 'Dear diary, '.repeat(1_000));
    const error = await connectionErrorOf(path);
    expect(TransportConnectionError.isInstance(error) && [error.code, error.recoverable]).toEqual([
      'CTQ_SQLITE_NOT_A_DATABASE',
      false,
    ]);
  });

  test('to a folder is one too', async () => {
    const path = await testFile();
    mkdirSync(path);
    const error = await connectionErrorOf(path);
    expect(TransportConnectionError.isInstance(error) && [error.code, error.recoverable]).toEqual([
      'CTQ_SQLITE_CANNOT_OPEN',
      false,
    ]);
  });

  test('to a file of another version of ctq is one too', async () => {
    const path = await testFile();
    await (await openDatabase({ path, schema: { ...messageSchema, version: 99 } })).close();
    const error = await connectionErrorOf(path);
    expect(TransportConnectionError.isInstance(error) && [error.code, error.recoverable]).toEqual([
      'CTQ_SQLITE_SCHEMA_VERSION',
      false,
    ]);
  });
});
