import type { ServerCommand } from '../server-process.js';

/** What starts a server, and what is told of it. */
export interface Launched {
  readonly url: string;
  /** As `Service.variables`. */
  readonly variables?: Readonly<Record<string, string>>;
  readonly command: ServerCommand;
}

/** Prepares a server's files in an empty folder; undefined where its program is not installed. */
export type Launch = (folder: string) => Promise<Launched | undefined>;
