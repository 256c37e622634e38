import { execFile } from 'node:child_process';
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describeWith } from '@ctq/test-services/vitest';
import { afterEach, expect, it } from 'vitest';

const program = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const folders: string[] = [];

afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
});

async function folderOf(files: Readonly<Record<string, string | Uint8Array>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'ctq-demo-test-'));
  folders.push(folder);
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
  return folder;
}

/** Without a broker from outside, unless the test gives it one: the demo brings its own. */
function demo(
  folder: string,
  broker: Readonly<Record<string, string>> = {},
): Promise<{ code: number; out: string; err: string }> {
  const { CTQ_BROKER_URL: _, CTQ_RESULT_BACKEND: __, ...others } = process.env;
  const env = { ...others, ...broker };
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [program, folder], { env }, (_error, out, err) =>
      resolve({ code: child.exitCode ?? -1, out, err }),
    );
  });
}

const analyses = 'analyses whatever lies in a folder, with a worker killed on the way, and counts right';

async function analysed(broker?: Readonly<Record<string, string>>): Promise<string> {
  const texts = Object.fromEntries(
    Array.from({ length: 30 }, (_, n) => [`${n}.txt`, `words of file ${n}\nconstructor __proto__ naïve\n`]),
  );
  const folder = await folderOf({
    ...texts,
    empty: '',
    'binary.bin': Uint8Array.from({ length: 4096 }, (_, n) => n % 256),
    'many-lines.txt': 'constructor\n'.repeat(200_000),
  });
  const { code, out, err } = await demo(folder, broker);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(out).toMatch(/kill -9 of worker 'first'/);
  expect(out).toMatch(/most frequent words +constructor 200030/);
  expect(out).toContain('The report agrees with the computation without a queue');
  return out;
}

it(analyses, async () => {
  expect(await analysed()).toMatch(/^broker +sqlite:/m);
}, 60_000);

describeWith('redis', 'with another URL in the environment, on Redis', (url) => {
  it(analyses, async () => {
    const address = `${url}?global_keyprefix=demo-${crypto.randomUUID()}:`;
    const out = await analysed({ CTQ_BROKER_URL: `${address}&lease_duration=2s`, CTQ_RESULT_BACKEND: address });
    expect(out).toMatch(/^broker +redis:/m);
  }, 60_000);
});

it('ends with the reason when a file cannot be analysed', async () => {
  const folder = await folderOf({ 'small.txt': 'fine', 'huge.bin': '' });
  // A sparse file beyond what Node reads at once.
  await truncate(join(folder, 'huge.bin'), 3 * 1024 ** 3);
  const { code, err } = await demo(folder);
  expect(code).toBe(1);
  expect(err).toMatch(/The pipeline failed: .*greater than 2 GiB/);
}, 60_000);
