import { describe, expect, it } from 'vitest';
import { loadVectors, vectorNames } from './index.js';

describe('wire vectors', () => {
  it('cover the tagged release beside the development snapshot', () => {
    expect(vectorNames()).toEqual(expect.arrayContaining(['task_messages_v2.redis', 'release/results.redis']));
  });

  it.each(vectorNames())('of %s have unique names and a capture each', (name) => {
    const vectors = loadVectors(name);
    expect(vectors.length).toBeGreaterThan(0);
    expect(new Set(vectors.map((vector) => vector.name)).size).toBe(vectors.length);
    for (const vector of vectors) {
      expect(vector).toMatchObject({ description: expect.any(String), produced_by: expect.any(String) });
      expect(vector.raw).toBeTypeOf('object');
    }
  });
});
