import { VirtualClock } from '@ctq/runtime';
import { describe, expect, test } from 'vitest';
import { DeadlineLine, Expiring } from './deadline-line.js';

function setup() {
  const clock = new VirtualClock();
  const line = new DeadlineLine<Member>(clock, 1_000);
  const expired: string[] = [];
  class Member extends Expiring {
    readonly name: string;
    constructor(name: string) {
      super();
      this.name = name;
    }
    override expire(): void {
      expired.push(this.name);
    }
  }
  const enter = (name: string): Member => {
    const member = new Member(name);
    line.enter(member);
    return member;
  };
  return { clock, line, expired, enter };
}

describe('a line of deadlines', () => {
  test.each([0, 1, 2, 3])('lets go of the one at place %i, and keeps the others in their order', async (place) => {
    const { clock, line, expired, enter } = setup();
    const members = ['a', 'b', 'c', 'd'].map(enter);
    const gone = members[place];
    if (gone === undefined) throw new Error('There are four.');
    line.leave(gone);
    const left = ['a', 'b', 'c', 'd'].filter((name) => name !== gone.name);
    expect(line.members().map(({ name }) => name)).toEqual(left);
    enter('e');
    await clock.advance(1_000);
    expect(expired).toEqual([...left, 'e']);
    expect(line.isEmpty).toBe(true);
  });

  test('tells each at its time, with one timer for all', async () => {
    const { clock, line, expired, enter } = setup();
    enter('a');
    await clock.advance(400);
    enter('b');
    enter('c');
    expect(clock.pendingTimers).toBe(1);
    await clock.advance(599);
    expect(expired).toEqual([]);
    await clock.advance(1);
    expect(expired).toEqual(['a']);
    await clock.advance(399);
    expect(expired).toEqual(['a']);
    await clock.advance(1);
    expect(expired).toEqual(['a', 'b', 'c']);
    expect([line.isEmpty, clock.pendingTimers]).toEqual([true, 0]);
  });

  test('begins anew after it was empty, and tells nobody once it was stopped', async () => {
    const { clock, line, expired, enter } = setup();
    line.leave(enter('a'));
    await clock.advance(700);
    enter('b');
    await clock.advance(999);
    expect(expired).toEqual([]);
    await clock.advance(1);
    expect(expired).toEqual(['b']);
    enter('c');
    line.stop();
    await clock.advance(10_000);
    expect(expired).toEqual(['b']);
  });
});
