import type { Message } from '@ctq/messaging';
import { expect, test } from 'vitest';
import { type KeptReply, KeptReplies } from './kept-replies.js';

const message: Message = { body: new Uint8Array(), contentType: '', contentEncoding: '', headers: {}, properties: {} };
const until = (expiresAt: number): KeptReply => ({ status: 'SUCCESS', message, expiresAt });
const forEver = until(Number.POSITIVE_INFINITY);

function keptUpTo(limit: number): { readonly kept: KeptReplies; readonly lost: string[] } {
  const lost: string[] = [];
  return { kept: new KeptReplies(limit, (taskId) => lost.push(taskId)), lost };
}

test('What was given to somebody leaves before what was not, and the oldest first [BK-037]', () => {
  const { kept, lost } = keptUpTo(3);
  for (const taskId of ['a', 'b', 'c']) kept.keep(taskId, forEver, false, 0);
  kept.take('b', 0);
  kept.keep('awaited', forEver, true, 0);
  expect(['a', 'b', 'c', 'awaited'].filter((taskId) => kept.peek(taskId, 0) !== undefined)).toEqual([
    'a',
    'c',
    'awaited',
  ]);
  kept.keep('d', forEver, false, 0);
  expect(lost).toEqual([]);
  kept.keep('e', forEver, false, 0);
  expect(lost).toEqual(['a']);
  expect(kept.size).toBe(3);
});

test('A later word takes the place of an earlier one, and what is forgotten takes none', () => {
  const { kept } = keptUpTo(2);
  kept.keep('a', { ...forEver, status: 'STARTED' }, false, 0);
  kept.keep('a', forEver, false, 0);
  expect([kept.size, kept.peek('a', 0)?.status]).toEqual([1, 'SUCCESS']);
  kept.forget('a');
  expect([kept.size, kept.peek('a', 0)]).toEqual([0, undefined]);
});

test('What has expired is not given, and gone when the next one comes [BK-073]', () => {
  const { kept } = keptUpTo(10);
  kept.keep('read', until(100), true, 0);
  kept.keep('unread', until(100), false, 0);
  expect(kept.take('read', 99)).toBeDefined();
  expect([kept.take('read', 100), kept.take('unread', 100)]).toEqual([undefined, undefined]);
  kept.keep('next', until(200), false, 100);
  expect(kept.size).toBe(1);
});
