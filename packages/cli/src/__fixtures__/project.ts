import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of the repository's packages. */
const packages = fileURLToPath(new URL('../../..', import.meta.url));

/** Somebody's project in a folder of its own, with ctq's packages installed. */
export class Project implements Disposable {
  readonly folder: string;

  constructor(files: Readonly<Record<string, string>>) {
    this.folder = mkdtempSync(join(tmpdir(), 'ctq-project-'));
    const scope = join(this.folder, 'node_modules', '@ctq');
    mkdirSync(scope, { recursive: true });
    for (const name of readdirSync(packages)) symlinkSync(join(packages, name), join(scope, name));
    for (const [name, text] of Object.entries(files)) this.write(name, text);
  }

  write(name: string, text: string): void {
    const path = join(this.folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
