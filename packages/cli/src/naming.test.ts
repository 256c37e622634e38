import { describe, expect, test } from 'vitest';
import { CommandRun } from './__fixtures__/command.js';
import { Project } from './__fixtures__/project.js';

const app = `import { Ctq } from '@ctq/core';
export const app = new Ctq('shop', { broker: 'memory://', backend: 'memory://', include: ['./math.mjs'] });
`;
const math = `import { app } from './app.mjs';
export const add = app.task('add', (x, y) => x + y);
export const double = app.task(function double(x) { return 2 * x; });
`;

describe('The names of tasks', () => {
  test('are the same whether their module is the program or is imported, from wherever [SD-092, SD-219, SD-385, SD-386]', async () => {
    using project = new Project({
      'app.mjs': app,
      'math.mjs': `${math}if (process.argv[1].endsWith('math.mjs')) {
  void app.loadModules().then(() => console.log('as program: ' + app.kernel.registry.names));
}`,
      'deep/client.mjs': `import { add } from '../math.mjs';
import { app } from '../deep/../app.mjs';
console.log('imported: ' + app.kernel.registry.names, add.taskName);`,
    });
    await using program = new CommandRun(project.folder, [], { script: `${project.folder}/math.mjs` });
    expect({ code: await program.exitCode, out: program.out, err: program.err }).toEqual({
      ...{ code: 0, out: 'as program: add,shop.double\n', err: '' },
    });
    await using client = new CommandRun(project.folder, [], { script: `${project.folder}/deep/client.mjs` });
    expect(await client.exitCode).toBe(0);
    expect(client.out).toBe('imported: add,shop.double add\n');
  });

  test('are twice there when a module is: as source and as build; the worker says where both are, and does not start', async () => {
    using project = new Project({
      'app.mjs': app.replace("'./math.mjs'", "'./math.mjs', './dist/math.mjs'"),
      'math.mjs': math,
      'dist/math.mjs': math.replace('./app.mjs', '../app.mjs'),
    });
    await using worker = new CommandRun(project.folder, ['-A', 'app.mjs', 'worker']);
    expect(await worker.exitCode).toBe(1);
    expect(worker.err).toMatch(
      /'add' is registered already at \S*\/math\.mjs:2:\d+, and now at \S*\/dist\/math\.mjs:2:\d+\./,
    );
    expect(worker.err).toContain('Import it by one.');
  });

  test('are of another app when the app is twice there, and the worker says so', async () => {
    using project = new Project({
      'app.mjs': app.replace('./math.mjs', './dist/math.mjs'),
      'dist/app.mjs': app,
      'dist/math.mjs': math,
    });
    await using worker = new CommandRun(project.folder, ['-A', 'app.mjs', 'worker', '-l', 'info']);
    await worker.says(/ready\./);
    expect(worker.err).toMatch(
      /WARNING.* The task module \.\/dist\/math\.mjs has add, shop\.double, registered with another app than 'shop'/,
    );
    worker.kill('SIGTERM');
    expect(await worker.exitCode).toBe(0);
  });

  test('are found by ctq in folders, and after a restart where a task was added [SD-069, SD-083, SD-090]', async () => {
    using project = new Project({
      'src/app.ts': `import { Ctq } from '@ctq/core';
export const app = new Ctq('shop', { broker: 'memory://', backend: 'memory://' }).autodiscoverTasks(['./sms', './cache']);`,
      'src/sms/tasks.ts': `import { app } from '../app.js';\napp.task('sms.send', () => 1);`,
      'src/cache/readme.md': '',
    });
    const tasksOf = async (): Promise<string> => {
      await using worker = new CommandRun(project.folder, ['-A', 'src', 'worker', '-l', 'info']);
      await worker.says(/ready\./);
      worker.kill('SIGTERM');
      await worker.exitCode;
      return (worker.out.match(/^ {2}\. .*$/gm) ?? []).join();
    };
    expect(await tasksOf()).toBe('  . sms.send');
    project.write('src/cache/tasks.ts', `import { app } from '../app.js';\napp.task('cache.clear', () => 1);`);
    expect(await tasksOf()).toBe('  . cache.clear,  . sms.send');
  });
});
