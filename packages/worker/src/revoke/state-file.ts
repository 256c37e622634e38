import { readFile, rename, writeFile } from 'node:fs/promises';
import type { Revocation } from '@ctq/core';
import { ConfigurationError, toError } from '@ctq/runtime';

interface State {
  readonly version: 1;
  readonly revoked: readonly Revocation[];
}

/** `workerStateDb`: what a worker remembers over its restarts, one JSON document. */
export class StateFile {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** Nothing where there is no file yet. @throws ConfigurationError for one that is no state: what was revoked would be run. */
  async load(): Promise<readonly Revocation[]> {
    let text: string;
    try {
      text = await readFile(this.path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw unreadable(this.path, toError(error));
    }
    try {
      const state = JSON.parse(text) as Partial<State> | null;
      if (state?.version === 1 && Array.isArray(state.revoked)) return state.revoked as Revocation[];
    } catch (error) {
      throw unreadable(this.path, toError(error));
    }
    throw unreadable(this.path, new TypeError('It is no state of a worker.'));
  }

  /** Beside it first, so that who dies in between leaves the old one whole. */
  async save(revoked: readonly Revocation[]): Promise<void> {
    const state: State = { version: 1, revoked };
    const beside = `${this.path}.${process.pid}.tmp`;
    await writeFile(beside, JSON.stringify(state));
    await rename(beside, this.path);
  }
}

function unreadable(path: string, cause: Error): ConfigurationError {
  return new ConfigurationError(
    'CTQ_BAD_STATE_FILE',
    `The state file ${path} (workerStateDb) cannot be read: ${cause.message} Without it revoked tasks would run. Mend or delete it, or name another.`,
    { cause, details: { path } },
  );
}

/** `%p` is the node name, `%n` its first part, `%h` the host, `%d` its domain (celery 5.6 utils/nodenames.py, node_format). */
export function stateFilePath(given: string, node: string): string {
  const at = node.indexOf('@');
  const host = node.slice(at + 1);
  const dot = host.indexOf('.');
  const parts: Readonly<Record<string, string>> = {
    p: node,
    n: node.slice(0, Math.max(at, 0)),
    h: host,
    d: dot === -1 ? '' : host.slice(dot + 1),
    '%': '%',
  };
  return given.replaceAll(/%([pnhd%])/g, (_, letter: string) => parts[letter] ?? '');
}
