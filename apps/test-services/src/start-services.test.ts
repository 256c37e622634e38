import { execFile } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, type TestContext, vi } from 'vitest';
import { findProgram, postgresFolders } from './find-program.js';
import { probes } from './probes/probes.js';
import { environmentVariable, type Service, type ServiceName, serviceNames } from './service.js';
import { startServices } from './start-services.js';

const execute = promisify(execFile);

/** Everything in here leaves its traces in a temporary folder of its own, so that leftovers show. */
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ctq-services-test-'));
  chmodSync(folder, 0o755);
  vi.stubEnv('TMPDIR', folder);
  for (const name of serviceNames) vi.stubEnv(environmentVariable[name], '');
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

const refused = async (url: string, name: ServiceName): Promise<boolean> => {
  try {
    await probes[name](url);
    return false;
  } catch {
    return true;
  }
};

/** Waits for a state that another process brings about. */
const eventually = async (isTrue: () => Promise<boolean> | boolean): Promise<void> => {
  while (!(await isTrue())) await sleep(20);
};

/** The commands of this machine's processes that mention a text; the kernel's own list, so that nothing is overlooked. */
const processesNaming = async (text: string): Promise<string[]> => {
  const { stdout } = await execute('ps', ['-eo', 'args']);
  return stdout.split('\n').filter((line) => line.includes(text) && !line.startsWith('ps '));
};

/** Skips a test where this machine has no such server; on CI that is a failure. */
const requireInstalled = (name: ServiceName, context: TestContext): void => {
  const programs = { redis: 'redis-server', amqp: 'epmd', postgres: 'initdb' };
  if (findProgram(programs[name], postgresFolders()) !== undefined) return;
  if (process.env['CTQ_REQUIRE_SERVICES'] === '1') throw new Error(`${name} is not installed`);
  context.skip(`[no ${name}]`);
};

// RabbitMQ alone needs five seconds to start on two idle cores.
describe.each(serviceNames)('a private %s', { timeout: 90_000 }, (name) => {
  it('answers in its own protocol and leaves nothing behind when it stops', async (context) => {
    requireInstalled(name, context);
    const service = (await startServices({ [name]: true }))[name] as Service;
    await probes[name](service.url);
    expect(await processesNaming(folder)).not.toEqual([]);

    await Promise.all([service.stop(), service.stop()]);
    await service.stop();
    expect(await refused(service.url, name)).toBe(true);
    expect(readdirSync(folder)).toEqual([]);
    expect(await processesNaming(folder)).toEqual([]);
  });

  it('ends when it is told to while it is still starting', async (context) => {
    requireInstalled(name, context);
    const abort = new AbortController();
    const starting = startServices({ [name]: true }, { signal: abort.signal });
    abort.abort();
    await expect(starting).rejects.toThrow('abort');
    expect(readdirSync(folder)).toEqual([]);
    expect(await processesNaming(folder)).toEqual([]);
  });

  it('does not outlive the process that started it, even one that is killed', async (context) => {
    requireInstalled(name, context);
    const library = fileURLToPath(new URL('../dist/index.js', import.meta.url));
    const program = `
      const { startServices } = await import(${JSON.stringify(library)});
      const services = await startServices({ ${name}: true });
      process.stdout.write(services.${name}.url);
      process.kill(process.pid, 'SIGKILL');
    `;
    const options = { env: { ...process.env, TMPDIR: folder } };
    const died = await execute(process.execPath, ['--input-type=module', '-e', program], options).catch(
      (error: unknown) => error as { signal: string; stdout: string },
    );
    expect(died).toMatchObject({ signal: 'SIGKILL', stdout: expect.stringContaining('127.0.0.1') });

    await eventually(() => readdirSync(folder).length === 0);
    expect(await refused(died.stdout, name)).toBe(true);
    await eventually(async () => (await processesNaming(folder)).length === 0);
  });
});

describe('services', () => {
  it('are started in parallel and stopped together', async () => {
    const services = await startServices({ redis: true, postgres: true });
    const started = serviceNames.filter((name) => services[name] !== undefined);
    expect([...started, ...services.missing].sort()).toEqual(['postgres', 'redis']);
    await services.stop();
    await services.stop();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('are taken from the environment where it names them, and left running', async () => {
    vi.stubEnv('CTQ_TEST_REDIS_URL', 'redis://somewhere:1234/5');
    const services = await startServices({ redis: true });
    expect(services.redis).toMatchObject({ url: 'redis://somewhere:1234/5', origin: 'environment' });
    await services.stop();
  });

  it('do not include what nobody asked for', async () => {
    const services = await startServices({ redis: false });
    expect(services).toMatchObject({ missing: [] });
    expect(services.redis).toBeUndefined();
  });

  it('come from docker where no program is installed', async () => {
    const node = process.execPath;
    const sh = findProgram('sh') ?? '/bin/sh';
    const bin = mkdtempSync(join(tmpdir(), 'ctq-bin-'));
    const portFile = join(bin, 'port');
    const server = `
      const server = require('node:net').createServer((socket) => socket.on('data', () => socket.write('+PONG\\r\\n')));
      server.listen(0, '127.0.0.1', () => require('node:fs').writeFileSync(process.argv[1], server.address().port + '\\n'));
    `;
    writeFileSync(join(bin, 'server.cjs'), server.replace('process.argv[1]', 'process.argv[2]'));
    const cases = [
      'version|pull|rm) ;;',
      `run) exec '${node}' '${bin}/server.cjs' '${portFile}' ;;`,
      `port) read -r port < '${portFile}' && echo "127.0.0.1:$port" ;;`,
    ];
    writeFileSync(join(bin, 'docker'), `#!${sh}\ncase "$1" in\n${cases.join('\n')}\nesac\n`, { mode: 0o755 });
    for (const tool of ['sh', 'sleep', 'rm']) {
      const path = findProgram(tool);
      if (path !== undefined) writeFileSync(join(bin, tool), `#!${sh}\nexec ${path} "$@"\n`, { mode: 0o755 });
    }
    vi.stubEnv('PATH', bin);

    const services = await startServices({ redis: true });
    expect(services.redis).toMatchObject({
      origin: 'docker',
      url: expect.stringMatching(/^redis:\/\/127\.0\.0\.1:\d+\/0$/),
    });
    await services.stop();
    expect(await refused(services.redis?.url ?? '', 'redis')).toBe(true);
    expect(existsSync(portFile)).toBe(true);
  });
});
