import type { Duplex } from 'node:stream';

/**
 * Has amqplib read integers of 64 bits as Python writes them. py-amqp marks one above 32 bits with `L`, in one header of a message as in an argument (py-amqp 5.3
 * serialization.py, _write_item), and RabbitMQ hands it on; amqplib knows the same eight bytes as `l` alone, and ends the connection for the other letter: every
 * consumer that is given the message would be gone, one after the other. The letter is put right in the frame before amqplib looks at it.
 * @param connection amqplib's own, behind `ChannelModel.connection`
 */
export function readLongIntegers(connection: object): void {
  const receiver = connection as FrameReceiver;
  const receive = receiver.recvFrame.bind(receiver);
  receiver.recvFrame = () => {
    while (!beginsWithFrame(receiver.rest)) {
      const incoming = receiver.stream.read() as Buffer | null;
      if (incoming === null) return false;
      // What amqplib does where it reads.
      receiver.recvSinceLastCheck = true;
      receiver.rest = receiver.rest.length === 0 ? incoming : Buffer.concat([receiver.rest, incoming]);
    }
    if (receiver.rest[0] === headerFrame) renameLongs(receiver.rest);
    return receive();
  };
}

/** What amqplib 2.3 has inside (lib/connection.js). */
interface FrameReceiver {
  /** Received, and not yet looked at. */
  rest: Buffer;
  readonly stream: Duplex;
  recvSinceLastCheck: boolean;
  recvFrame(): unknown;
}

const headerFrame = 2;
/** Type, channel, size of the payload. */
const frameStart = 7;
/** Class, weight, size of the body; then the flags. */
const flagsAt = frameStart + 12;
const has = { contentType: 0x80_00, contentEncoding: 0x40_00, headers: 0x20_00 };

function beginsWithFrame(bytes: Buffer): boolean {
  // With the octet that ends it.
  return bytes.length > frameStart && bytes.length > frameStart + bytes.readUInt32BE(3);
}

function renameLongs(frame: Buffer): void {
  const flags = frame.readUInt16BE(flagsAt);
  if ((flags & has.headers) === 0) return;
  let at = flagsAt + 2;
  if ((flags & has.contentType) !== 0) at += 1 + frame.readUInt8(at);
  if ((flags & has.contentEncoding) !== 0) at += 1 + frame.readUInt8(at);
  renameInTable(frame, at + 4, at + 4 + frame.readUInt32BE(at));
}

function renameInTable(frame: Buffer, from: number, to: number): void {
  let at = from;
  while (at < to) {
    at += 1 + frame.readUInt8(at);
    at = renameInField(frame, at);
  }
}

/** @returns where the next field begins. */
function renameInField(frame: Buffer, at: number): number {
  const letter = String.fromCharCode(frame.readUInt8(at));
  const valueAt = at + 1;
  const size = sizes.get(letter);
  if (letter === 'L') frame.write('l', at, 'latin1');
  if (size !== undefined) return valueAt + size;
  // A length in four bytes, and so many more. What has no such length is for amqplib to refuse.
  const end = valueAt + 4 + frame.readUInt32BE(valueAt);
  if (letter === 'F') renameInTable(frame, valueAt + 4, end);
  if (letter === 'A') for (let item = valueAt + 4; item < end; ) item = renameInField(frame, item);
  return end;
}

/** Bytes of the values that always have as many. */
const sizes: ReadonlyMap<string, number> = new Map(
  Object.entries({
    ...{ V: 0, t: 1, b: 1, B: 1, s: 2, u: 2, U: 2 },
    ...{ I: 4, i: 4, f: 4, D: 5, l: 8, L: 8, d: 8, T: 8 },
  }),
);
