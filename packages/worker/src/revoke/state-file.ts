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
