/**
 * Messages, commands and frames captured from real Celery, as data for tests. README.md describes the files.
 */
import { readdirSync, readFileSync } from 'node:fs';

/** One capture. What `raw` holds differs from file to file: parse it where it is used. */
export interface WireVector {
  /** Unique in its file. */
  readonly name: string;
  readonly description: string;
  /** The Python call or the scenario that produced it. */
  readonly produced_by: string;
  readonly transport: string;
  /** Which build: a development snapshot ("main") or the tagged release. */
  readonly celery: string;
  readonly raw: Readonly<Record<string, unknown>>;
  /** Only when the Python client refused the call. */
  readonly client_error?: string;
}

const folder = new URL('../vectors/', import.meta.url);

/** The vectors of one file, by its name without `.json`: `'task_messages_v2.redis'`, `'release/results.redis'`. */
export function loadVectors(name: string): WireVector[] {
  return JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8')) as WireVector[];
}

/** Every name that `loadVectors` accepts. */
export function vectorNames(): string[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return files
    .filter((file) => file.endsWith('.json'))
    .map((file) => file.slice(0, -'.json'.length).replaceAll('\\', '/'))
    .sort();
}
