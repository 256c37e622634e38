import { loadVectors } from '@ctq/wire-vectors';
import { describe, expect, test } from 'vitest';
import { PayloadReader } from './payload-reader.js';

/** Formats that this program has no library for. */
const unreadable = /pickle|yaml/;

/** Every text in a capture that a program has written to Redis. */
function textsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(textsIn);
}

const files = ['redis_traces', 'redis_variants', 'results.redis', 'results_extended.redis', 'chords.redis'];
const captures = files.flatMap((file) =>
  loadVectors(file)
    .filter(({ name }) => !unreadable.test(name))
    .map(({ name, raw }) => ({ title: `${file}: ${name}`, texts: [...new Set(textsIn(raw))] })),
);
const reader = new PayloadReader();

describe('What Celery was seen to write to Redis', () => {
  test.each(captures)('is read: $title', ({ texts }) => {
    expect(() => texts.forEach((text) => reader.read(text))).not.toThrow();
  });

  test('is of every kind', () => {
    expect(reader.envelopes).toBeGreaterThan(150);
    expect(reader.tasks).toBeGreaterThan(100);
    expect(reader.entries).toBeGreaterThan(50);
    expect(reader.documents).toBeGreaterThan(100);
    expect(reader.parts).toBeGreaterThan(15);
    expect(reader.groups).toBeGreaterThan(0);
  });
});
