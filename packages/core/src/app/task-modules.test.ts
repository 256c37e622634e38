import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ConfigurationError, createLogger } from '@ctq/runtime';
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
  it('are imported in their order: imports, then include, then what is discovered; a folder without one is passed over [ST-020, ST-021, SD-063, SD-084, SD-086, SD-089, SD-105]', async () => {
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

  it('of one app are nothing to another: a worker says which tasks it will not run [SD-066]', async () => {
    const lines: string[] = [];
    const logger = createLogger(({ level, message }) => lines.push(`${level}: ${message}`));
    using modules = new ModuleFolder('mine.mjs', 'theirs.mjs');
    const app = new Ctq('mine', { module: modules.module, include: ['./mine.mjs', './theirs.mjs'], logger });
    const other = new Ctq('mine');
    await app.loadModules((url) => {
      const isMine = url.endsWith('mine.mjs');
      return Promise.resolve({ task: (isMine ? app : other).task(isMine ? 'mine' : 'theirs', () => 1), limit: 5 });
    });
    expect(lines).toEqual([
      expect.stringMatching(
        /^warn: The task module \.\/theirs\.mjs has theirs, registered with another app than 'mine' of this worker\. .*imported twice/,
      ),
    ]);
  });

  it('are found under another name than tasks, in folders that a function names [TR-017, SD-087, SD-348]', async () => {
    using modules = new ModuleFolder('sms/tasks.mjs', 'sms/jobs.mjs', 'mail/jobs.js', 'empty/other.mjs');
    const app = new Ctq('modules', { module: modules.module });
    app.autodiscoverTasks(['sms']).autodiscoverTasks(() => ['./sms', './mail', './empty'], { relatedName: 'jobs' });
    await app.loadModules(modules.importModule);
    expect(modules.imported).toEqual(['sms/tasks.mjs', 'sms/jobs.mjs', 'mail/jobs.js']);
  });

  it.each([
    ['./sms/tasks', 'is a file: it takes folders and looks for tasks in them. Name files in include.'],
    ['./sms/tasks.mjs', 'is a file'],
    ['./smss', 'there is no folder'],
  ])('are looked for in folders; %s is an error [SD-088]', async (given, message) => {
    using modules = new ModuleFolder('sms/tasks.mjs');
    const app = new Ctq('modules', { module: modules.module }).autodiscoverTasks([given]);
    await expect(app.loadModules(modules.importModule)).rejects.toMatchObject({
      code: 'CTQ_TASK_MODULE',
      message: expect.stringContaining(message) as string,
    });
  });

  it('that import the app which imports them are an error that says how to part them [SD-073]', async () => {
    using modules = new ModuleFolder('tasks.mjs');
    const app = new Ctq('modules', { module: modules.module, include: ['./tasks.mjs'] });
    const importModule = (): Promise<unknown> =>
      Promise.reject(new ReferenceError("Cannot access 'app' before initialization"));
    await expect(app.loadModules(importModule)).rejects.toThrow('give the app a module of its own');
  });
});
