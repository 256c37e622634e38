import { memoryTransport } from '@ctq/messaging';
import { describe, expect, it } from 'vitest';
import { Ctq } from '../app/ctq.js';
import { memoryBackend } from '../backend/memory-backend.js';
import { chord } from '../canvas/chord.js';
import { reportChordPart } from './chord-part.js';

describe('the last part of a chord', () => {
  it('sends no body when another one has sent it, and forgotten the chord, while its parts were read', async () => {
    const backend = memoryBackend();
    const { chords } = backend;
    if (chords === undefined) throw new Error('Memory counts chords.');
    const sent: string[] = [];
    await using app = new Ctq('shop', {
      broker: memoryTransport(),
      backend: Object.assign(backend, {
        chords: {
          ...chords,
          parts: async (groupId: string) => {
            await chords.closeChord(groupId);
            return chords.parts(groupId);
          },
        },
      }),
      interceptors: [
        {
          name: 'recorder',
          publish: (call, next) => {
            sent.push(call.task);
            return next(call);
          },
        },
      ],
    });
    const one = app.task('one', () => 1);
    const total = app.task('total', (numbers: readonly number[]) => numbers.length);
    const result = await chord([one.s(), one.s()], total.s()).delay();
    const header = result.parent;
    if (header === undefined || !('results' in header)) throw new Error('A chord has a header.');
    expect(sent).toEqual(['one', 'one']);
    for (const [groupIndex, { id }] of header.results.entries()) {
      const place = { rootId: id, group: header.id, groupIndex, chord: total.s().serialize(), replyTo: null };
      await reportChordPart(app.kernel, { id, ...place }, 'SUCCESS', 1);
    }
    expect(sent).toEqual(['one', 'one']);
  });
});
