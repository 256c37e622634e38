import { BackendConnectionError } from '@ctq/core/backend';
import { silentLogger, systemClock } from '@ctq/runtime';
import { describe, expect, test } from 'vitest';
import { createBackend, createStore } from './redis-backend.js';

const context = { clock: systemClock, logger: silentLogger };

describe('a Redis backend of a URL', () => {
  test('shows its URL without the password', () => {
    expect(createBackend('redis://:secret@h/1?connect_timeout=2').url).toBe('redis://:***@h:6379/1');
    expect(createStore('rediss://h').url).toBe('rediss://h:6379/0');
  });

  test("takes from Celery's settings what the URL leaves out [ST-120, ST-121, ST-123, ST-124, ST-125]", () => {
    const settings = { host: 'there', port: 7000, db: 3, username: 'me', password: 'secret' };
    expect(createBackend('redis', {}, settings).url).toBe('redis://me:***@there:7000/3');
    // As Celery has it, a URL without a path is database 0.
    expect(createBackend('redis://', {}, settings).url).toBe('redis://me:***@there:7000/0');
    expect(createBackend('redis://you@h/1', {}, settings).url).toBe('redis://you:***@h:7000/1');
  });

  test.each([
    ['redis://h?max_connections=1', '2 connections are needed'],
    ['redis://h?global_key_prefix=x', "Did you mean 'globalKeyprefix'?"],
    ['redis://h/x', "a number, not 'x'"],
  ])('%s is refused', (url, problem) => {
    expect(() => createBackend(url)).toThrow(problem);
  });

  test('that nobody answers at is an error that may pass, without the password', async () => {
    const store = createStore('redis://:secret@127.0.0.1:1/0');
    const error: unknown = await store.open(context, AbortSignal.timeout(10_000)).catch((thrown: unknown) => thrown);
    expect(BackendConnectionError.isInstance(error) && error.recoverable).toBe(true);
    expect(String(error)).toContain('redis://:***@127.0.0.1:1/0: connect ECONNREFUSED');
    await store.close();
  });
});
