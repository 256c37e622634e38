import { createLogger, VirtualClock } from '@ctq/runtime';
import { describe, expect, test } from 'vitest';
import { Elections } from './elections.js';
import type { Member } from './members.js';

type Event = Readonly<Record<string, unknown>>;

/** Workers that hear each other's events, all in one order. */
function party(...members: readonly Omit<Member, 'freqMs'>[]) {
  const clock = new VirtualClock();
  const lines: string[] = [];
  const done: string[] = [];
  const waiting: Event[] = [];
  let ticks = 0;
  const nodes = members.map(({ name }) => ({
    name,
    elections: new Elections({
      ownId: `${name}.7`,
      clock,
      logger: createLogger(({ message }) => lines.push(`${name}: ${message}`)),
      others: () => members.filter((one) => one.name !== name).map((one) => ({ ...one, freqMs: 2_000 })),
      send: (type, fields) => {
        ticks += 1;
        waiting.push({ clock: ticks, ...fields, type, hostname: name, pid: 7 });
      },
      handlers: { task: (action) => done.push(`${name} does ${String(action)}`) },
    }),
  }));
  const deliver = (): void => {
    for (let event = waiting.shift(); event !== undefined; event = waiting.shift())
      for (const { elections } of nodes)
        if (event['type'] === 'worker-elect') elections.onElect(event);
        else elections.onAck(event);
  };
  return {
    clock,
    lines,
    done,
    waiting,
    nodes,
    deliver,
    hold: (topic = 'task') => nodes.forEach(({ elections }) => elections.hold('e', topic, 'x')),
  };
}

const ours = (name: string) => ({ name, isOurs: true });

describe('An election', () => {
  test('is won by one, on whom all agree, and who alone does it [WK-138, WK-139]', () => {
    const { hold, deliver, done, lines } = party(ours('b@host'), ours('a@host'), ours('c@host'));
    hold();
    deliver();
    // It stood first.
    expect(done).toEqual(['b@host does x']);
    expect(lines.toSorted()).toEqual([
      "a@host: node b@host.7 elected for 'e'",
      "b@host: I won the election 'e'",
      "c@host: node b@host.7 elected for 'e'",
    ]);
  });

  test('is won by the first by name where the clocks are the same [WK-138]', () => {
    const { hold, deliver, done, waiting } = party(ours('b@host'), ours('a@host'));
    hold();
    waiting.splice(0, 2, ...waiting.map((event) => ({ ...event, clock: 5 })));
    deliver();
    expect(done).toEqual(['a@host does x']);
  });

  test('is won by a single candidate [WK-139]', () => {
    const { hold, deliver, done, waiting } = party(ours('a@host'));
    hold();
    expect(waiting).toEqual([
      expect.objectContaining({ type: 'worker-elect', id: 'e', topic: 'task', action: 'x', cver: 1 }),
    ]);
    deliver();
    expect(done).toEqual(['a@host does x']);
  });

  test('with workers of Python is decided as they do: when two stand, by the acknowledgements of as many as there are others [WK-139]', async () => {
    const python = { name: 'py@host', isOurs: false };
    const { hold, done, deliver } = party(ours('a@host'), python);
    hold();
    deliver();
    expect(done).toEqual(['a@host does x']);
    // Where one stands alone they come to nothing.
    const other = party(ours('a@host'), python);
    other.nodes[0]?.elections.hold('e', 'task', 'x');
    other.deliver();
    expect(other.done).toEqual([]);
    await other.clock.advance(2_000);
    expect(other.done).toEqual(['a@host does x']);
  });

  test('does not wait for ever for those who do not stand', async () => {
    const { nodes, done, deliver, clock } = party(ours('a@host'), ours('b@host'));
    nodes[0]?.elections.hold('e', 'task', 'x');
    deliver();
    expect(done).toEqual([]);
    await clock.advance(2_000);
    expect(done).toEqual(['a@host does x']);
    // It was told too late, and does nothing that somebody else has done.
    nodes[1]?.elections.hold('e', 'task', 'x');
    deliver();
    await clock.advance(2_000);
    expect(done).toEqual(['a@host does x']);
  });

  test('for what nobody knows says so [WK-139]', () => {
    const { hold, deliver, done, lines } = party(ours('a@host'));
    hold('coffee');
    deliver();
    expect(done).toEqual([]);
    expect(lines).toContain("a@host: Unknown election topic 'coffee'");
  });

  test.each([{}, { id: 'e' }, { id: 'e', clock: 'x', hostname: 'a', pid: 7, topic: 'task' }])(
    'takes no notice of a candidate without all it needs: %j',
    (event) => {
      const { nodes, waiting, lines } = party(ours('a@host'));
      nodes[0]?.elections.onElect(event);
      nodes[0]?.elections.onAck({});
      expect(waiting).toEqual([]);
      expect(lines).toEqual(['a@host: An event worker-elect has no id, clock, hostname or topic']);
    },
  );

  test('is over for a worker that stops', async () => {
    const { nodes, hold, deliver, done, clock } = party(ours('a@host'), ours('b@host'));
    hold();
    for (const { elections } of nodes) elections.close();
    deliver();
    for (const { elections } of nodes) elections.close();
    await clock.advance(10_000);
    expect(done).toEqual([]);
    expect(clock.pendingTimers).toBe(0);
  });
});
