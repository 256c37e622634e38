/** One frame of a zstd body. */
export interface ZstdFrame {
  readonly start: number;
  readonly end: number;
  /** What the frame says that it unpacks to; absent where its writer did not know it before. */
  readonly contentBytes: number | undefined;
}

const frameMagic = 0xfd2f_b528;
/** Sixteen kinds of frames for other purposes, which are passed over. */
const skippableMagic = 0x184d_2a50;
const largestBlock = 128 * 1024;

/**
 * The frames of a body, by their headers alone: decoders read one, and Python all of them (RFC 8878, 3.1; kombu 5.7 compression.py:
 * `zstd.decompress`).
 *
 * @throws RangeError for what is not a row of complete zstd frames, and for frames that need a dictionary. @internal
 */
export function zstdFrames(bytes: Uint8Array): readonly ZstdFrame[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const frames: ZstdFrame[] = [];
  let position = 0;
  do {
    const magic = view.getUint32(position, true);
    if ((magic & 0xffff_fff0) >>> 0 === skippableMagic) {
      position += 8 + view.getUint32(position + 4, true);
    } else {
      if (magic !== frameMagic) throw new RangeError('no frame of zstd');
      const frame = readFrame(view, position);
      frames.push(frame);
      position = frame.end;
    }
    if (position > bytes.length) throw new RangeError('it ends in the middle');
  } while (position < bytes.length);
  return frames;
}

function readFrame(view: DataView, start: number): ZstdFrame {
  const flags = view.getUint8(start + 4);
  const isSingleSegment = (flags & 0x20) !== 0;
  const hasChecksum = (flags & 0x04) !== 0;
  if ((flags & 0x08) !== 0) throw new RangeError('a header from the future');
  let position = start + (isSingleSegment ? 5 : 6);
  for (const end = position + ([0, 1, 2, 4][flags & 3] ?? 0); position < end; position++) {
    if (view.getUint8(position) !== 0) throw new RangeError('a frame that needs a dictionary');
  }
  const sizeBytes = [isSingleSegment ? 1 : 0, 2, 4, 8][flags >> 6] ?? 0;
  const contentBytes = readSize(view, position, sizeBytes);
  position += sizeBytes;
  for (let isLast = false; !isLast; ) {
    const header = view.getUint16(position, true) | (view.getUint8(position + 2) << 16);
    isLast = (header & 1) === 1;
    const kind = (header >> 1) & 3;
    const size = header >> 3;
    if (kind === 3 || size > largestBlock) throw new RangeError('no block of zstd');
    // A repeated byte is one byte; how often is its size.
    position += 3 + (kind === 1 ? 1 : size);
  }
  return { start, end: position + (hasChecksum ? 4 : 0), contentBytes };
}

function readSize(view: DataView, position: number, bytes: number): number | undefined {
  switch (bytes) {
    case 0:
      return undefined;
    case 1:
      return view.getUint8(position);
    case 2:
      return view.getUint16(position, true) + 256;
    case 4:
      return view.getUint32(position, true);
    default:
      return Number(view.getBigUint64(position, true));
  }
}
