import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ConfigurationError } from '@ctq/runtime';
import { describe, expect, it } from 'vitest';
import { Ctq } from './ctq.js';

/** A folder with modules that write down when they are imported. */
class ModuleFolder implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'ctq-modules-'));
  readonly imported: string[] = [];

  constructor(...files: readonly string[]) {
    for (const file of files) {
      mkdirSync(join(this.folder, file, '..'), { recursive: true });
      writeFileSync(join(this.folder, file), '');
    }
  }

  get module(): string {
    return pathToFileURL(join(this.folder, 'app.js')).href;
  }

  readonly importModule = async (url: string): Promise<unknown> => {
    await import(url);
    this.imported.push(url.slice(pathToFileURL(`${this.folder}/`).href.length));
    return undefined;
  };

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

describe('modules with tasks', () => {
  it('are imported in their order: imports, then include, then what is discovered [ST-020]', async () => {
    using modules = new ModuleFolder('z.mjs', 'a.mjs', 'more.mjs', 'shop/tasks.mjs', 'empty/other.mjs');
    const app = new Ctq('modules', {
      module: modules.module,
      include: ['./more.mjs'],
      imports: ['./z.mjs', './a.mjs'],
    });
    app.autodiscoverTasks(['shop', 'empty']);
    await app.loadModules(modules.importModule);
    await app.loadModules(modules.importModule);
    expect(modules.imported).toEqual(['z.mjs', 'a.mjs', 'more.mjs', 'shop/tasks.mjs']);
  });

  it('that are not there are an error that names them', async () => {
    using modules = new ModuleFolder();
    const app = new Ctq('modules', { module: modules.module, imports: ['./gone.mjs'] });
    await expect(app.loadModules(modules.importModule)).rejects.toSatisfy(
      (error) => ConfigurationError.isInstance(error) && error.message.includes('./gone.mjs'),
    );
  });
});
