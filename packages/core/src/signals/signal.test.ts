import { createLogger, type LogRecord, VirtualClock } from '@ctq/runtime';
import { describe, expect, test } from 'vitest';
import { AppSignal, type SignalEvent } from './signal.js';

interface Heard extends SignalEvent {
  readonly what: string;
}

function setup() {
  const lines: LogRecord[] = [];
  const clock = new VirtualClock();
  const closing = new AbortController();
  const logger = createLogger((line) => void lines.push(line));
  const signal = new AppSignal<Heard>('heard', { clock, logger, closing: closing.signal });
  const heard: string[] = [];
  const note = (who: string) => (event: Heard) => void heard.push(`${who}: ${event.sender} ${event.what}`);
  const send = (sender: string, what = 'hello') => signal.send(sender, () => ({ sender, what }));
  return { signal, clock, closing, lines, heard, note, send };
}

describe('A signal', () => {
  test('calls its receivers in the order in which they were connected, with one event [SG-006]', async () => {
    const { signal, heard, note, send } = setup();
    const events: Heard[] = [];
    signal.connect(note('first'));
    signal.connect((event) => events.push(event));
    signal.connect(note('last'));
    signal.connect((event) => events.push(event));
    expect(send('add')).toBeUndefined();
    expect(heard).toEqual(['first: add hello', 'last: add hello']);
    expect(events[0]).toBe(events[1]);
  });

  test('waits for an asynchronous receiver before it calls the next one', async () => {
    const { signal, clock, heard, note, send } = setup();
    signal.connect(async (event) => {
      await clock.sleep(1_000);
      note('slow')(event);
    });
    signal.connect(note('next'));
    const sent = send('add');
    expect(heard).toEqual([]);
    await clock.advance(1_000);
    await sent;
    expect(heard).toEqual(['slow: add hello', 'next: add hello']);
  });

  test('is heard by those who asked for its sender, by name or as a task [SG-001, SG-010]', () => {
    const { signal, heard, note, send } = setup();
    signal.connect(note('all'));
    signal.connect(note('add'), { sender: 'add' });
    signal.connect(note('task'), { sender: { taskName: 'mul' } });
    void send('add');
    void send('mul');
    expect(heard).toEqual(['all: add hello', 'add: add hello', 'all: mul hello', 'task: mul hello']);
  });

  test('has no second receiver of one id [SG-003]', () => {
    const { signal, heard, note, send } = setup();
    signal.connect(note('first'), { id: 'once' });
    const disconnect = signal.connect(note('second'), { id: 'once' });
    void send('add');
    expect(heard).toEqual(['first: add hello']);
    disconnect();
    expect(signal.hasReceivers()).toBe(false);
  });

  test('is left by the function that connecting gave, by the receiver or by the id, and says whether there was one [SG-005]', () => {
    const { signal, heard, note, send } = setup();
    const [one, other] = [note('one'), note('other')];
    const leave = signal.connect(one);
    signal.connect(other);
    signal.connect(note('named'), { id: 'named' });
    leave();
    expect(signal.disconnect(one)).toBe(false);
    expect(signal.disconnect(other)).toBe(true);
    expect(signal.disconnect('named')).toBe(true);
    expect(signal.disconnect('named')).toBe(false);
    void send('add');
    expect(heard).toEqual([]);
  });

  test('knows whether anybody listens, and makes no event where nobody does [SG-008, SG-009]', () => {
    const { signal, note } = setup();
    let made = 0;
    const event = (): Heard => {
      made += 1;
      return { sender: 'add', what: 'hello' };
    };
    expect([signal.hasReceivers(), signal.hasReceivers('add')]).toEqual([false, false]);
    expect(signal.send('add', event)).toBeUndefined();
    signal.connect(note('mul'), { sender: 'mul' });
    expect([signal.hasReceivers(), signal.hasReceivers('add'), signal.hasReceivers('mul')]).toEqual([
      true,
      false,
      true,
    ]);
    expect(signal.send('add', event)).toBeUndefined();
    expect(made).toBe(0);
  });

  test.each([
    [
      'throws',
      () => {
        throw new Error('broken');
      },
    ],
    ['rejects', () => Promise.reject(new Error('broken'))],
  ])('goes on when a receiver %s, and logs it [SG-006, SG-007]', async (_, broken) => {
    const { signal, heard, note, lines, send } = setup();
    signal.connect(broken);
    signal.connect(note('next'));
    await send('add');
    expect(heard).toEqual(['next: add hello']);
    const line = { level: 'error', message: 'A receiver of the signal heard failed; nothing else comes of it' };
    expect(lines).toEqual([expect.objectContaining(line)]);
    expect(lines[0]?.fields).toMatchObject({ err: { message: 'broken' }, signal: 'heard', sender: 'add' });
  });

  test('calls a receiver again until it succeeds where that is asked for, and nobody waits for it [SG-004]', async () => {
    const { signal, clock, heard, note, lines, send } = setup();
    let calls = 0;
    signal.connect(
      () => {
        calls += 1;
        if (calls < 4) throw new Error('not yet');
      },
      { retry: true },
    );
    signal.connect(note('next'));
    await send('add');
    expect([calls, heard]).toEqual([1, ['next: add hello']]);
    for (const [seconds, expected] of [
      [2, 2],
      [4, 3],
      [6, 4],
      [60, 4],
    ] as const) {
      await clock.advance(seconds * 1_000);
      expect(calls).toBe(expected);
    }
    expect(lines.map(({ level }) => level)).toEqual(['error', 'warn', 'warn']);
  });

  test('lets a failed receiver be when the app is closed [SG-004]', async () => {
    const { signal, clock, closing, send } = setup();
    let calls = 0;
    signal.connect(
      () => {
        calls += 1;
        throw new Error('never');
      },
      { retry: true },
    );
    await send('add');
    closing.abort();
    await clock.advance(60_000);
    expect(calls).toBe(1);
  });

  test('may be left and joined while it is sent', () => {
    const { signal, heard, note, send } = setup();
    const leave = signal.connect((event) => {
      note('once')(event);
      leave();
      signal.connect(note('later'));
    });
    signal.connect(note('always'));
    void send('add');
    void send('add');
    expect(heard).toEqual(['once: add hello', 'always: add hello', 'always: add hello', 'later: add hello']);
  });

  test('takes functions only [SG-001]', () => {
    const { signal } = setup();
    expect(() => signal.connect('no function' as never)).toThrow('A receiver of the signal heard is a function.');
  });
});
