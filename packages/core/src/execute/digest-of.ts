import { createHash, randomUUID } from 'node:crypto';
import type { Kernel } from '../app/kernel.js';
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
