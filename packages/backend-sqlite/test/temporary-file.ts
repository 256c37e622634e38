import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** The path of a file that does not exist yet, in a folder that goes when `end` is called. */
export async function temporaryFile(): Promise<{ readonly path: string; readonly end: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'ctq-backend-sqlite-'));
  return { path: join(folder, 'ctq.sqlite'), end: () => rm(folder, { recursive: true, force: true }) };
}

/** As `temporaryFile`, gone with the test. */
export async function testFile(): Promise<string> {
  const { path, end } = await temporaryFile();
  onTestFinished(end);
  return path;
}
