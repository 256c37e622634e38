import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Project } from '../__fixtures__/project.js';

/** What a process sees when it loads an app; apart from the test runner, which has module copies of its own. */
interface Seen {
  readonly name?: string;
  readonly hasOneCore?: boolean;
  readonly tasks?: readonly string[];
  readonly url?: string;
  readonly exportName?: string;
  readonly sum?: unknown;
  readonly error?: string;
  readonly code?: string;
}

let probe: ChildProcess;

beforeAll(() => {
  probe = fork(fileURLToPath(new URL('../__fixtures__/load-probe.mjs', import.meta.url)));
});
afterAll(() => {
  probe.kill();
});

async function load(project: Project, given: string): Promise<Seen> {
  const answer = once(probe, 'message');
  probe.send({ folder: project.folder, given });
  const [seen] = (await answer) as [Seen];
  return seen;
}

const tasks = `import { Ctq } from '@ctq/core';
import { plus } from './plus.js';
export const app: Ctq = new Ctq('demo');
export const add = app.task('add', (x: number, y: number) => plus(x, y));
`;
const plus = `export function plus(x: number, y: number): number { return x + y; }\n`;

describe('TypeScript without a build, one copy of core', () => {
  test.each<[string, Readonly<Record<string, string>>]>([
    ['without a package.json', {}],
    ['in a CommonJS package', { 'package.json': '{"type":"commonjs"}' }],
    ['in a package that does not say', { 'package.json': '{"name":"x"}' }],
    ['in an ES module package', { 'package.json': '{"type":"module"}' }],
  ])('%s', async (_, more) => {
    using project = new Project({ 'tasks.ts': tasks, 'plus.ts': plus, ...more });
    expect(await load(project, './tasks.ts')).toMatchObject({
      name: 'demo',
      hasOneCore: true,
      tasks: ['add'],
      exportName: 'app',
      sum: 3,
    });
  });

  test.each<[string, string, Readonly<Record<string, string>>]>([
    ['an enum', `enum Kind { A = 1, B = 2 }\nconst offset = Kind.B - 2;`, {}],
    ['top-level await', `const offset: number = await Promise.resolve(0);`, {}],
    [
      'a path of tsconfig.json',
      `import { offset } from '@lib/offset';`,
      {
        'tsconfig.json': '{"compilerOptions":{"baseUrl":".","paths":{"@lib/*":["./lib/*"]}}}',
        'lib/offset.ts': 'export const offset: number = 0;',
      },
    ],
    [
      'an import without an extension',
      `import { offset } from './offset';`,
      { 'offset.ts': 'export const offset: number = 0;' },
    ],
    [
      'a default import of a CommonJS package',
      `import lib from 'lib';\nconst offset: number = lib.offset;`,
      {
        'node_modules/lib/package.json': '{"name":"lib","main":"index.js"}',
        'node_modules/lib/index.js': 'module.exports = { offset: 0 };',
      },
    ],
    [
      'a named import of a CommonJS package',
      `import { offset } from 'lib';`,
      {
        'node_modules/lib/package.json': '{"name":"lib","main":"index.js"}',
        'node_modules/lib/index.js': 'exports.offset = 0;',
      },
    ],
    [
      'an ES module package that uses core itself',
      `import { shared } from 'lib';\nconst offset: number = shared() ? 0 : 100;`,
      {
        'node_modules/lib/package.json': '{"name":"lib","type":"module","exports":"./index.js"}',
        'node_modules/lib/index.js': `import { Ctq } from '@ctq/core'; export const shared = () => new Ctq('x') instanceof Ctq;`,
      },
    ],
    [
      'a JSON file',
      `import settings from './settings.json';\nconst offset: number = settings.offset;`,
      { 'settings.json': '{"offset":0}' },
    ],
    ['import.meta.url', `const offset: number = import.meta.url.endsWith('tasks.ts') ? 0 : 100;`, {}],
    [
      'a class with decorator-free parameter properties',
      `class Box { constructor(readonly value: number) {} }\nconst offset = new Box(0).value;`,
      {},
    ],
  ])('with %s', async (_, code, more) => {
    for (const type of ['commonjs', 'module']) {
      using project = new Project({
        'tasks.ts': `import { Ctq } from '@ctq/core';\n${code}\nexport const app = new Ctq('demo');\napp.task('add', (x: number, y: number) => x + y + offset);`,
        'package.json': JSON.stringify({ type }),
        ...more,
      });
      expect(await load(project, './tasks.ts')).toMatchObject({ hasOneCore: true, sum: 3 });
    }
  });

  test('included modules see the same app', async () => {
    using project = new Project({
      'app.ts': `import { Ctq } from '@ctq/core';\nexport const app = new Ctq('demo', { include: ['./more.ts'] }).autodiscoverTasks(['./sms']);`,
      'more.ts': `import { app } from './app.js';\napp.task('add', (x: number, y: number) => x + y);`,
      'sms/tasks.ts': `import { app } from '../app.js';\napp.task('sms', () => 1);`,
    });
    expect(await load(project, '.')).toMatchObject({ tasks: ['add', 'sms'], sum: 3 });
  });

  test('packages that are really installed, and not linked, are there once too', async () => {
    const packages = fileURLToPath(new URL('../../..', import.meta.url));
    using project = new Project({
      'tasks.ts': `import { Ctq } from '@ctq/core';\nimport 'lib';\nexport const app = new Ctq('demo');\nconst loads = Reflect.get(globalThis, 'coreLoads');\napp.task('add', (x: number, y: number) => (loads === 1 ? x + y : loads));`,
      'node_modules/lib/package.json': '{"name":"lib","type":"module","exports":"./index.js"}',
      'node_modules/lib/index.js': `await import('@ctq/core');`,
    });
    const scope = join(project.folder, 'node_modules', '@ctq');
    for (const name of readdirSync(scope)) {
      rmSync(join(scope, name));
      for (const part of ['dist', 'package.json'])
        cpSync(join(packages, name, part), join(scope, name, part), { recursive: true });
    }
    const entry = join(scope, 'core', 'dist', 'index.js');
    writeFileSync(entry, `${readFileSync(entry, 'utf8')}\nglobalThis.coreLoads = (globalThis.coreLoads ?? 0) + 1;\n`);
    expect(await load(project, './tasks.ts')).toMatchObject({ tasks: ['add'], sum: 3 });
  });

  test('an app of another copy of core is an app', async () => {
    const packages = fileURLToPath(new URL('../../..', import.meta.url));
    using project = new Project({
      'tasks.ts': `export { app } from 'lib';`,
      'node_modules/lib/package.json': '{"name":"lib","type":"module","exports":"./index.js"}',
      'node_modules/lib/index.js': `import { Ctq } from '@ctq/core';\nexport const app = new Ctq('demo');\napp.task('add', (x, y) => x + y);`,
    });
    for (const name of ['core', 'messaging', 'runtime'])
      for (const part of ['dist', 'package.json'])
        cpSync(join(packages, name, part), join(project.folder, 'node_modules/lib/node_modules/@ctq', name, part), {
          recursive: true,
        });
    expect(await load(project, './tasks.ts')).toMatchObject({ hasOneCore: false, tasks: ['add'], sum: 3 });
  });

  test('plain JavaScript of both kinds', async () => {
    const code = `export const app = new Ctq('demo'); app.task('add', (x, y) => x + y);`;
    using project = new Project({
      'module.mjs': `import { Ctq } from '@ctq/core'; ${code}`,
      'script.cjs': `const { Ctq } = require('@ctq/core'); exports.app = new Ctq('demo'); exports.app.task('add', (x, y) => x + y);`,
    });
    expect(await load(project, 'module.mjs')).toMatchObject({ hasOneCore: true, sum: 3 });
    expect(await load(project, 'script.cjs')).toMatchObject({ sum: 3 });
  });
});

describe('Finding the app [CL-017]', () => {
  const app = (name: string): string => `new Ctq('${name}')`;
  const head = `import { Ctq } from '@ctq/core';\n`;

  test.each<[string, string, string, Partial<Seen>]>([
    ['a file without its extension', 'src/tasks.ts', './src/tasks', { exportName: 'app' }],
    ['a bare name', 'tasks.ts', 'tasks', { exportName: 'app' }],
    ['a dotted name, as in Python', 'proj/tasks.ts', 'proj.tasks', { exportName: 'app' }],
    ['a folder with tasks.ts', 'src/tasks.ts', './src', { exportName: 'app' }],
    ['a folder with celery.ts', 'proj/celery.ts', 'proj', { exportName: 'app' }],
    ['a folder with index.ts', 'src/index.ts', 'src/', { exportName: 'app' }],
    ['an .mts file', 'tasks.mts', 'tasks', { exportName: 'app' }],
  ])('by %s', async (_, file, given, expected) => {
    using project = new Project({ [file]: `${head}export const app = ${app('demo')};` });
    const seen = await load(project, given);
    expect(seen).toMatchObject({ name: 'demo', ...expected });
    expect(fileURLToPath(seen.url ?? '')).toContain(file);
  });

  test.each<[string, string, string, Partial<Seen>]>([
    [
      'app before anything else',
      `export const other = ${app('b')}; export const app = ${app('a')};`,
      'tasks',
      { name: 'a', exportName: 'app' },
    ],
    ['the default export', `export default ${app('a')};`, 'tasks', { name: 'a', exportName: 'default' }],
    [
      'celery',
      `export const celery = ${app('a')}; export const other = ${app('b')};`,
      'tasks',
      { name: 'a', exportName: 'celery' },
    ],
    ['the only one, by any name', `export const shop = ${app('a')};`, 'tasks', { name: 'a', exportName: 'shop' }],
    ['one under two names', `export const shop = ${app('a')}; export { shop as again };`, 'tasks', { name: 'a' }],
    [
      'the named one',
      `export const shop = ${app('a')}; export const bank = ${app('b')};`,
      'tasks:bank',
      { name: 'b', exportName: 'bank' },
    ],
  ])('exported as %s', async (_, code, given, expected) => {
    using project = new Project({ 'tasks.ts': head + code });
    expect(await load(project, given)).toMatchObject(expected);
  });
});

describe('An app that cannot be had [CL-028]', () => {
  const head = `import { Ctq } from '@ctq/core';\n`;

  test.each<[string, Readonly<Record<string, string>>, string, readonly string[]]>([
    ['no such file', {}, './nothing', ['The module ./nothing was not found', '-A ./src/tasks.ts']],
    ['a folder with nothing of the kind', { 'src/readme.md': '' }, './src', ['The module ./src was not found']],
    [
      'no app in it',
      { 'tasks.ts': 'export const x = 1;' },
      'tasks',
      ['./tasks.ts exports no app', 'export const app = new Ctq', 'It exports x.'],
    ],
    [
      'two apps in it',
      { 'tasks.ts': `${head}export const shop = new Ctq('a'); export const bank = new Ctq('b');` },
      'tasks',
      ['more than one app: bank and shop', '-A ./tasks.ts:'],
    ],
    [
      'no such export',
      { 'tasks.ts': `${head}export const app = new Ctq('a');` },
      'tasks:shop',
      ['./tasks.ts has no export shop. It exports app.'],
    ],
    [
      'an export that is no app',
      { 'tasks.ts': 'export const shop = 1;' },
      'tasks:shop',
      ['The export shop of ./tasks.ts is not an app'],
    ],
    [
      'a module that throws',
      { 'tasks.ts': `function connect(): never {\n  throw new Error('no database');\n}\nconnect();` },
      'tasks',
      ['./tasks.ts the following error occurred', 'no database', 'tasks.ts:2', 'correct it there'],
    ],
    [
      'an import that is not installed',
      { 'tasks.ts': `import x from 'not-installed';\nexport { x };` },
      'tasks',
      ["'not-installed'", 'Install the package or correct the path'],
    ],
    [
      'modules that import each other',
      {
        'tasks.ts': `${head}import './more.js';\nexport const app = new Ctq('a');`,
        'more.ts': `import { app } from './tasks.js';\napp.task('more', () => 1);`,
        'package.json': '{"type":"module"}',
      },
      'tasks',
      ['Two modules import each other: give the app a module of its own'],
    ],
    ['a syntax error', { 'tasks.ts': `export const = 1;` }, 'tasks', ['the following error occurred', 'tasks.ts']],
  ])('%s', async (_, files, given, expected) => {
    using project = new Project(files);
    const { error, code } = await load(project, given);
    expect(code).toBe('CTQ_APP_LOAD');
    for (const text of ['Unable to load the application.', ...expected]) expect(error).toContain(text);
    expect(error).not.toMatch(/node:internal|[\\/]jiti[\\/]/);
  });
});
