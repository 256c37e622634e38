import { loadVectors } from '@ctq/wire-vectors';
import { describe, expect, test } from 'vitest';
import { decodeRevoked, encodeRevoked } from './revoked-map.js';

const now = Date.UTC(2030, 0, 1);

describe('Revoked calls on their way between workers', () => {
  test('are ids with when that was said, in seconds that Python does not take for a whole number [RC-017]', () => {
    const encoded = encodeRevoked([
      { id: 'a', at: now },
      { id: 'b', at: now + 500, terminate: true },
      { root: 'c', at: now },
      { header: 'tenant', value: 'd', at: now },
    ]);
    expect(encoded).toEqual({ a: [now / 1_000 + 0.001, 'a'], b: [now / 1_000 + 0.5, 'b'] });
    expect(decodeRevoked(encoded, now + 1_000)).toEqual([
      { id: 'a', at: now + 1 },
      { id: 'b', at: now + 500 },
    ]);
  });

  test('are read as Python sends them, whose times mean nothing here [RC-017]', () => {
    const vector = loadVectors('control.redis').find(({ name }) => name === 'inspect_hello');
    const replies = (vector?.raw['reply'] ?? []) as { decoded_body: Record<string, { revoked: object }> }[];
    const revoked = replies[0]?.decoded_body['w1@wirehost']?.revoked ?? {};
    expect(Object.keys(revoked)).toContain('dead-task');
    expect(decodeRevoked(revoked, now)).toEqual(Object.keys(revoked).map((id) => ({ id, at: now })));
    expect(decodeRevoked({ a: 1.5 }, now)).toEqual([{ id: 'a', at: now }]);
  });

  test('from a host whose clock is ahead were revoked now', () => {
    expect(decodeRevoked({ a: [now / 1_000 + 3_600, 'a'] }, now)).toEqual([{ id: 'a', at: now }]);
  });

  test.each([null, undefined, 7, 'a', ['a'], { a: 'b' }, { a: [] }, { a: null }])(
    'are none where they cannot be read: %j',
    (value) => {
      expect(decodeRevoked(value, now)).toEqual([]);
    },
  );
});
