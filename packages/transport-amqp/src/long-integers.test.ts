import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { readLongIntegers } from './long-integers.js';

/** A header frame with this table of headers, behind a content type and an encoding. */
function headerFrame(table: Buffer): Buffer {
  const size = Buffer.alloc(4);
  size.writeUInt32BE(table.length);
  const payload = Buffer.concat([
    Buffer.from('003c000000000000000000' + '05e000', 'hex'),
    Buffer.from('\x10application/json\x05utf-8', 'latin1'),
    ...[size, table],
  ]);
  const start = Buffer.alloc(7);
  start.writeUInt8(2, 0);
  start.writeUInt16BE(1, 1);
  start.writeUInt32BE(payload.length, 3);
  return Buffer.concat([start, payload, Buffer.from([0xce])]);
}

const long = (letter: string): string => `${letter}\0\0\x01\x9a\xab\xcd\xef\x01`;

test('an integer of 64 bits is read whichever letter marks it, in tables and lists too, and nothing else is touched', () => {
  const table = (letter: string): Buffer =>
    Buffer.from(
      `\x01a${long(letter)}\x01LS\0\0\0\x03LLL\x01fF\0\0\0\x0b\x01L${long(letter)}\x01AA\0\0\0\x0b${long(letter)}tL\x01VV\x01tt\x01`,
      'latin1',
    );
  const stream = new PassThrough();
  const seen: string[] = [];
  const connection = {
    stream,
    rest: Buffer.alloc(0),
    recvSinceLastCheck: false,
    recvFrame() {
      seen.push(this.rest.toString('latin1'));
      this.rest = Buffer.alloc(0);
      return true;
    },
  };
  readLongIntegers(connection);
  const frame = headerFrame(table('L'));
  stream.write(frame.subarray(0, 20));
  expect(connection.recvFrame()).toBe(false);
  stream.write(frame.subarray(20));
  expect(connection.recvFrame()).toBe(true);
  expect(seen).toEqual([headerFrame(table('l')).toString('latin1')]);
  expect(connection.recvSinceLastCheck).toBe(true);
});
