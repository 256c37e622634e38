import { createHash, randomUUID } from 'node:crypto';
import type { Kernel } from '../app/kernel.js';
import type { NewId } from '../canvas/freeze.js';
import { serializeNode } from '../canvas/serialize.js';
import type { SignatureNode } from '../canvas/signature-node.js';

/** What a signature says, in short: the same for signatures that say the same. */
export function digestOf({ content, settings }: Kernel, node: SignatureNode): string {
  try {
    const { body } = content.encode(serializeNode(node), { serializer: settings.taskSerializer });
    return createHash('sha256').update(body).digest('base64url');
  } catch {
    // Where only the serializer of one of its steps knows a value. It is sent again under other ids then.
    return randomUUID();
  }
}

/** Ids for the steps of a workflow that a task makes: whoever runs the task again and makes the same workflow gives them the same ids. */
export function repeatableIds(...seed: readonly (string | number)[]): NewId {
  let count = 0;
  return () => {
    count += 1;
    return uuidOf(JSON.stringify([...seed, count]));
  };
}

/** Version 8 (RFC 9562, 5.8): the bits are ours to choose. */
function uuidOf(text: string): string {
  const bytes = createHash('sha256').update(text).digest().subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
