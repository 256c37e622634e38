import type { ExpiringMap } from './expiring-map.js';
import type { ChordPart, ChordRole, ResultBackendContext } from './result-backend.js';

interface Chord {
  size: number | undefined;
  /** Tasks for which it grew. */
  readonly added: Set<string>;
  /** By task id; results as bytes, because parts are read by another task. */
  readonly parts: Map<string, Omit<ChordPart, 'result'> & { readonly encoded: Uint8Array }>;
  expiresAt: number;
}

/** The chords of a process. One that nobody closes, or that gets a part after it was closed, expires with the results. */
export type MemoryChords = ExpiringMap<Chord>;

export function memoryChords(chords: MemoryChords, context: () => ResultBackendContext): ChordRole {
  const chordOf = (groupId: string): Chord => {
    const { clock, expiresMs = Number.POSITIVE_INFINITY } = context();
    const now = clock.now();
    const chord = chords.get(groupId, now) ?? {
      size: undefined,
      added: new Set<string>(),
      parts: new Map(),
      expiresAt: 0,
    };
    chord.expiresAt = now + expiresMs;
    chords.set(groupId, chord, now);
    return chord;
  };
  return {
    openChord: async (groupId, size) => {
      chordOf(groupId).size = size;
    },
    growChord: async (groupId, taskId) => {
      const { added } = chordOf(groupId);
      const isNew = !added.has(taskId);
      added.add(taskId);
      return isNew;
    },
    shrinkChord: async (groupId, taskId) => {
      chordOf(groupId).added.delete(taskId);
    },
    addPart: async (groupId, { result, ...part }) => {
      const { parts, size, added } = chordOf(groupId);
      parts.set(part.taskId, { ...part, encoded: context().codec.encodeValue(result) });
      return { count: parts.size, size: size === undefined ? undefined : size + added.size };
    },
    parts: async (groupId) => {
      const { clock, codec } = context();
      const parts = [...(chords.get(groupId, clock.now())?.parts.values() ?? [])];
      parts.sort((a, b) => place(a.index) - place(b.index));
      return parts.map(({ encoded, ...part }) => ({ ...part, result: codec.decodeValue(encoded) }));
    },
    closeChord: async (groupId) => chords.delete(groupId),
  };
}

/** Those without an index are last, as with Celery's score of +inf. */
function place(index: number | undefined): number {
  return index ?? Number.MAX_SAFE_INTEGER;
}
