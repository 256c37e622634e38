import { describe, expect, test } from 'vitest';
import { NoResultBackendError } from '../errors/result-errors.js';
import { disabledBackend } from './disabled-backend.js';

describe('the backend of an app that has none', () => {
  test('[BK-006] takes results and drops them, and says so to who asks', async () => {
    const backend = disabledBackend();
    await backend.store([]);
    await expect(backend.getMany(['id'])).rejects.toThrow(NoResultBackendError);
    await expect(backend.forget(['id'])).rejects.toThrow('No result backend is configured');
    expect([backend.chords, backend.groups, backend.notifier]).toEqual([undefined, undefined, undefined]);
    await backend.close();
  });
});
