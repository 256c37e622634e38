import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ConfigurationError } from '@ctq/runtime';
import { describe, expect, test } from 'vitest';
import { embeddedLocation, prepareEmbeddedLocation } from './embedded-location.js';
import { readEnvironment } from './environment.js';

/** A project with a folder in it. */
function setup(): { readonly root: string; readonly folder: string } {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'ctq embedded #')));
  const folder = join(root, 'src', 'tasks');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(root, 'package.json'), '{}');
  return { root, folder };
}

describe('the embedded file', () => {
  test('is beside the nearest package.json, so that client and worker find the same', () => {
    const { root, folder } = setup();
    const location = embeddedLocation(folder);
    expect(location.path).toBe(join(root, '.ctq', 'ctq.sqlite'));
    expect(embeddedLocation(root)).toEqual(location);
    expect(fileURLToPath(location.url.replace('sqlite:', 'file:'))).toBe(location.path);
  });

  test('has a folder that version control ignores', () => {
    const { root, folder } = setup();
    prepareEmbeddedLocation(embeddedLocation(folder), false);
    expect(readFileSync(join(root, '.ctq', '.gitignore'), 'utf8')).toBe('*\n');
    writeFileSync(join(root, '.ctq', '.gitignore'), 'mine');
    prepareEmbeddedLocation(embeddedLocation(folder), false);
    expect(readFileSync(join(root, '.ctq', '.gitignore'), 'utf8')).toBe('mine');
  });

  test('is refused in production, with what to do', () => {
    const { root, folder } = setup();
    expect(() => prepareEmbeddedLocation(embeddedLocation(folder), true)).toThrow(
      expect.objectContaining({
        code: 'CTQ_NO_BROKER',
        message: expect.stringContaining('CTQ_BROKER_URL=sqlite:///'),
      }) as ConfigurationError,
    );
    expect(existsSync(join(root, '.ctq'))).toBe(false);
  });
});

describe('the environment', () => {
  test('names broker and result backend; empty variables are unset', () => {
    expect(readEnvironment({ CTQ_BROKER_URL: 'redis://h', CTQ_RESULT_BACKEND: '', NODE_ENV: 'production' })).toEqual({
      brokerUrl: 'redis://h',
      resultBackend: undefined,
      isProduction: true,
    });
    expect(readEnvironment({})).toEqual({ brokerUrl: undefined, resultBackend: undefined, isProduction: false });
  });
});
