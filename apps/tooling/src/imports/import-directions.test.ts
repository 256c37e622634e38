import { describe, expect, it } from 'vitest';
import { checkDirections } from './import-directions.js';

const check = (path: string, text: string): string[] =>
  checkDirections([{ path, text }]).map((finding) => `${finding.path}:${finding.line} ${finding.message}`);

describe('import directions', () => {
  it('lets a package import what stands to its left, with its subpaths', () => {
    expect(check('packages/core/src/app.ts', "import { Transport } from '@ctq/messaging/transport';")).toEqual([]);
    expect(check('packages/transport-redis/src/index.ts', "import { CtqError } from '@ctq/runtime';")).toEqual([]);
    expect(check('packages/worker/src/worker.ts', "import net from 'node:net';\nimport './pool.js';")).toEqual([]);
  });

  it('reports an arrow that runs backwards, type imports included', () => {
    const text = "\nimport type { Worker } from '@ctq/worker';";
    expect(check('packages/core/src/app.ts', text)).toEqual([
      "packages/core/src/app.ts:2 must not import '@ctq/worker': @ctq/core may import messaging, runtime: " +
        'declare the interface here and let a higher package implement it',
    ]);
  });

  it('lets only the CLI name an adapter, and only dynamically', () => {
    const text = "import { sqlite } from '@ctq/transport-sqlite';";
    expect(check('packages/worker/src/worker.ts', text)[0]).toContain('adapters are imported by nobody');
    expect(check('packages/transport-redis/src/index.ts', text)[0]).toContain('adapters are imported by nobody');
    expect(check('packages/cli/src/program.ts', text)[0]).toContain('dynamic import()');
    expect(check('packages/cli/src/program.ts', "await import('@ctq/transport-sqlite');")).toEqual([]);
  });

  it('reports paths that leave the package and imports of the package by its own name', () => {
    const path = 'packages/core/src/app/app.ts';
    expect(check(path, "import { x } from '../../../messaging/src/x.js';")[0]).toContain('only what a package exports');
    expect(check(path, "import { Ctq } from '@ctq/core';")[0]).toContain('relative path');
    expect(check(path, "import { Task } from '../task/task.js';")).toEqual([]);
  });

  it('asks for a place for a package it does not know', () => {
    expect(check('packages/mystery/src/index.ts', "import '@ctq/runtime';")[0]).toContain('no place in the layers');
  });
});
