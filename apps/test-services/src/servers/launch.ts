import type { ServerCommand } from '../server-process.js';

/** Prepares a server's files in an empty folder; undefined where its program is not installed. */
export type Launch = (folder: string) => Promise<{ url: string; command: ServerCommand } | undefined>;
