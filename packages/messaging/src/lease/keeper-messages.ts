import type { BlockedReport } from '../transport/transport.js';

/** What the keeper thread is started with; cloned into it, except the buffer, which is shared. */
export interface KeeperInput {
  readonly buffer: SharedArrayBuffer;
  readonly durationMs: number;
  readonly maxBlockedMs: number;
  readonly exitProcess: boolean;
  /** Where the renewer comes from: a file URL, an absolute path or a package's name. */
  readonly module: string;
  readonly options: unknown;
}

/** What the thread says. It is told one thing only, to stop, by any message. */
export type KeeperMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'renewal-failed'; readonly error: string }
  | { readonly kind: 'turns-again'; readonly report: BlockedReport };
