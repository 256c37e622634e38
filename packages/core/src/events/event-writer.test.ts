import { createContentCodec, createJsonSerializer, LamportClock, type Serializer } from '@ctq/messaging';
import { VirtualClock } from '@ctq/runtime';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type EventMaking, eventMessage, type WrittenEvent } from './event.js';
import { EventTemplate, type EventValue } from './event-template.js';
import { EventWriter } from './event-writer.js';

function setup(serializers: readonly Serializer[] = [], eventSerializer = 'json') {
  const content = createContentCodec({ serializers, accept: ['json', 'yaml'] });
  const clock = new VirtualClock();
  const making = { content, clock, logicalClock: new LamportClock(), settings: { eventSerializer } };
  const node = 'wörker "1"@host';
  const writer = new EventWriter(making as unknown as EventMaking, node);
  /** What a receiver reads. */
  const read = (event: WrittenEvent | readonly WrittenEvent[]): unknown =>
    content.decode(eventMessage(making as unknown as EventMaking, event, node));
  return { clock, writer, read };
}

const template = new EventTemplate('task-"odd"', ['uuid', 'na"me', 'n', 'flag']);
const value: fc.Arbitrary<EventValue> = fc.oneof(
  ...[fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }), fc.double(), fc.integer()],
  ...[fc.bigInt({ min: 2n ** 53n, max: 2n ** 70n }).map(Number), fc.boolean(), fc.constant(null), fc.constant(-0)],
);

describe('An event that is sent often', () => {
  test('says the same as one that is made of its fields, whatever they hold', () => {
    fc.assert(
      fc.property(fc.array(value, { minLength: 4, maxLength: 4 }), (values) => {
        const [often, once] = [setup(), setup()];
        const written = often.writer.written(template, values);
        const made = once.writer.event(template.type, template.filledWith(values));
        expect(often.read(written)).toEqual(once.read(made));
        expect(Object.keys(often.read(written) as object)).toEqual(Object.keys(once.read(made) as object));
      }),
    );
  });

  test('has the time and the clock of its own', async () => {
    const { clock, writer, read } = setup();
    const first = writer.written(template, ['a', 'b', 1, true]);
    await clock.advance(1_500);
    const second = writer.written(template, ['a', 'b', 1, true]);
    const [one, other] = read([first, second]) as [Record<string, number>, Record<string, number>];
    expect([one['clock'], other['clock']]).toEqual([1, 2]);
    expect((other['timestamp'] ?? 0) - (one['timestamp'] ?? 0)).toBeCloseTo(1.5);
  });

  test('travels in one list with others', () => {
    const { writer, read } = setup();
    const events = [writer.written(template, ['a', 'b', 1, null]), writer.event('task-own', { at: new Date(0) })];
    expect(events.map((event) => typeof event)).toEqual(['string', 'object']);
    expect(read(events)).toMatchObject([
      { uuid: 'a', n: 1, flag: null },
      { type: 'task-own', at: new Date(0) },
    ]);
  });

  test.each([
    ['in another format', [], 'yaml'],
    ['by a serializer of somebody else', [{ ...createJsonSerializer() }], 'json'],
  ])('is left to the serializer where it is written %s', (_where, serializers, name) => {
    const { writer, read } = setup(serializers, name);
    const event = writer.written(template, ['a', 'b', 1, null]);
    expect(event).toMatchObject({ uuid: 'a' });
    expect(read([event])).toMatchObject([{ uuid: 'a', 'na"me': 'b', n: 1, flag: null }]);
  });
});
