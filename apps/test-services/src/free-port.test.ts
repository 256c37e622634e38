import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { freePorts } from './free-port.js';

const program = fileURLToPath(new URL('../dist/free-port.js', import.meta.url));

describe('ports for servers of tests', () => {
  it('are distinct', async () => {
    const ports = await freePorts(50);
    expect(new Set(ports).size).toBe(50);
  });

  it('are kept for who chose them, though nobody listens yet', async () => {
    const mine = new Set(await freePorts(2_000));
    const { stdout } = await promisify(execFile)(process.execPath, [
      '--input-type=module',
      '--eval',
      `import { freePorts } from ${JSON.stringify(program)}; console.log(JSON.stringify(await freePorts(2000)));`,
    ]);
    const others = JSON.parse(stdout) as number[];
    expect(others.filter((port) => mine.has(port))).toEqual([]);
  });
});
