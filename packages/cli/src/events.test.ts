import { chmodSync, existsSync, readFileSync, statSync, watch } from 'node:fs';
import { join } from 'node:path';
import { Ctq } from '@ctq/core';
import { describe, expect, test } from 'vitest';
import { CommandRun } from './__fixtures__/command.js';
import { Project } from './__fixtures__/project.js';
import { connectionLines } from './connection-lines.js';

/** Several commands, one after the other. */
const slow = { timeout: 120_000 };
/** Says when it listens. */
const listening = /Listening to events/;

const brokerOf = (project: Project): string => `sqlite:${join(project.folder, 'q.sqlite')}`;

/** An app whose events a command hears. */
function sender(project: Project): Ctq {
  return new Ctq('demo', { broker: brokerOf(project), backend: 'disabled://' });
}

function events(project: Project, ...args: readonly string[]): CommandRun {
  return new CommandRun(project.folder, ['-b', brokerOf(project), 'events', '-l', 'debug', ...args]);
}

async function refused(...args: readonly string[]) {
  using project = new Project({ 'camera.mjs': 'export const camera = 7;\nexport class Own { onShutter() {} }' });
  await using command = events(project, ...args);
  const code = await command.exitCode;
  return { code, err: command.err };
}

describe('ctq events --dump', () => {
  test('prints events as they come, until it is told to stop [CL-069, CL-074, CL-077, WK-183]', slow, async () => {
    using project = new Project({});
    await using dump = events(project, '--dump');
    await dump.says(listening);
    await using app = sender(project);
    const { events: out } = app.kernel;
    const worker = { hostname: 'w1@host' };
    await out.send('task-received', { uuid: 'a', name: 'add', args: '(1,)', kwargs: '{}' }, worker);
    await out.send('task-started', { uuid: 'a' }, worker);
    await out.send('worker-offline', { sw_ver: '5.6' }, worker);
    await dump.says(/shutdown: .*\n/);
    const lines = dump.out
      .replaceAll(/\[[^\]]+\]/g, '[]')
      .replaceAll(/(clock|local_received|pid|utcoffset)=[\d.-]+/g, '$1=');
    expect(lines.split('\n')).toEqual([
      '-> evdump: starting capture...',
      'w1@host [] task received: add(a) args=(1,) kwargs={} clock=, local_received=, pid=, utcoffset=',
      'w1@host [] task started: add(a) args=(1,) kwargs={} clock=, local_received=, pid=, utcoffset=',
      'w1@host [] shutdown: clock=, local_received=, pid=, sw_ver=5.6, utcoffset=',
      '',
    ]);
    expect(dump.out).toMatch(/w1@host \[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{6})?\+00:00\]/);
    dump.kill('SIGINT');
    expect(await dump.exitCode).toBe(0);
  });

  test('says that there is no broker, and goes on trying [WK-183]', slow, async () => {
    using project = new Project({});
    await using dump = new CommandRun(project.folder, ['-b', 'redis://:secret@127.0.0.1:1/0', 'events', '-d']);
    await dump.says(/(?:-> Cannot connect to redis:\/\/:\*\*\*@127\.0\.0\.1:1\/0: .*\.\nTrying again .*\n\n[^]*){2}/);
    dump.kill('SIGTERM');
    expect(await dump.exitCode).toBe(0);
    expect(dump.out + dump.err).not.toContain('secret');
  });

  test.each([
    ['lost', 0, ['-> Connection lost, attempting reconnect']],
    ['failover', undefined, ['-> Cannot connect to redis://host: no answer.', 'Trying again now\n']],
    ['retry-later', 999, ['-> Cannot connect to redis://host: no answer.', 'Trying again now\n']],
    ['retry-later', 1_000, ['-> Cannot connect to redis://host: no answer.', 'Trying again in 1.00 second\n']],
    ['retry-later', 90_000, ['-> Cannot connect to redis://host: no answer.', 'Trying again in 1.50 minutes\n']],
    ['retry-later', 7_200_000, ['-> Cannot connect to redis://host: no answer.', 'Trying again in 2.00 hours\n']],
    ['established', undefined, []],
  ] as const)('tells of its connection as Celery does: %s, %s ms [WK-183]', (event, retryInMs, lines) => {
    const change = { event, url: 'redis://host', error: new Error('no answer') };
    const more = retryInMs === undefined ? {} : { retryInMs };
    expect(connectionLines({ ...change, ...more, purpose: 'consume' })).toEqual(lines);
    expect(connectionLines({ ...change, ...more, purpose: 'publish' })).toEqual([]);
  });
});

describe('ctq events --camera', () => {
  test('takes pictures of the cluster with what a module exports [CL-070, CL-072, WK-184]', slow, async () => {
    using project = new Project({
      'camera.ts': `import type { ClusterState } from '@ctq/core/events';
export class Own {
  #name: string;
  constructor(_: ClusterState, app: { name: string }) { this.#name = app.name; }
  onShutter({ eventCount }: ClusterState) { console.log(this.#name, 'sees', eventCount); }
}`,
    });
    await using camera = events(project, '--camera', './camera.ts:Own', '--freq', '0.05');
    await camera.says(/^-> evcam: Taking snapshots with \.\/camera\.ts:Own \(every 0\.05 secs\.\)\n/);
    await camera.says(listening);
    await camera.says(/ctq sees 0\n/);
    await using app = sender(project);
    await app.kernel.events.send('task-sent', { uuid: 'a', name: 'add' });
    await camera.says(/ctq sees 1\n/);
    camera.kill('SIGTERM');
    expect(await camera.exitCode).toBe(0);
  });

  test('takes no more than it may, and a last one [CL-072, CL-073]', slow, async () => {
    using project = new Project({ 'camera.mjs': 'let n = 0; export default () => console.log("picture", (n += 1));' });
    await using camera = events(project, '-c', 'camera.mjs', '-F', '0.01', '-r', '1/h');
    await camera.says(listening);
    await camera.says(/picture 1\n/);
    camera.kill('SIGTERM');
    expect(await camera.exitCode).toBe(0);
    expect(camera.out.match(/picture/g)).toHaveLength(2);
  });

  const isRoot = process.getuid?.() === 0;

  test.each([
    ['options', (...given: readonly string[]) => given, ''],
    [
      'settings',
      () => [],
      "eventsPidfile: 'cam.pid', eventsLogfile: 'cam.log', eventsUmask: '027', eventsExecutable: './node.sh'",
    ],
  ] as const)(
    'goes to the background, with its files, by %s [CL-071, CL-075, ST-231, ST-232]',
    slow,
    async (_, unless, settings) => {
      using project = new Project({
        'app.ts': `import { Ctq } from '@ctq/core';
export const app = new Ctq('demo', { ${settings}${isRoot && settings !== '' ? ", eventsGid: '65534'" : ''} });`,
        'camera.mjs': `import { writeFileSync } from 'node:fs';
export default () => writeFileSync('picture', String(process.getgid()) + process.env.CTQ_BY);`,
        'node.sh': `#!/bin/sh\nCTQ_BY=own exec ${process.execPath} "$@"\n`,
      });
      chmodSync(join(project.folder, 'node.sh'), 0o755);
      const files = unless('--pidfile', 'cam.pid', '-f', 'cam.log', '--umask', '027', '--executable', './node.sh');
      const group = isRoot && settings === '' ? ['--gid', '65534'] : [];
      const args = [
        '-b',
        brokerOf(project),
        '-A',
        'app',
        'events',
        '-l',
        'debug',
        '-c',
        'camera.mjs',
        '--freq',
        '0.05',
      ];
      await using started = new CommandRun(project.folder, [...args, '--detach', ...files, ...group]);
      expect([await started.exitCode, started.out, started.err]).toEqual([0, '', '']);
      const path = (name: string): string => join(project.folder, name);
      await until(project, () => existsSync(path('picture')) && readFileSync(path('picture'), 'utf8') !== '');
      const pid = Number(readFileSync(path('cam.pid'), 'utf8'));
      try {
        expect(readFileSync(path('picture'), 'utf8')).toBe(`${isRoot ? 65_534 : process.getgid?.()}own`);
        expect(statSync(path('picture')).mode & 0o777).toBe(0o640);
        await using second = new CommandRun(project.folder, [...args, '--detach', ...files, ...group]);
        expect(await second.exitCode).toBe(73);
      } finally {
        process.kill(pid, 'SIGTERM');
      }
      await until(project, () => !existsSync(path('cam.pid')));
      expect(readFileSync(path('cam.log'), 'utf8')).toMatch(listening);
    },
  );

  test.each([
    [['--camera', 'nowhere'], /^--camera nowhere cannot be loaded: .*\n$/],
    [['--camera', 'camera.mjs'], /^--camera camera\.mjs: the module exports no camera as default or camera\./],
    [['--camera', 'camera.mjs:other'], /^--camera camera\.mjs:other: the module exports no camera as other\./],
    [['--camera', 'camera.mjs:Own', '--freq', '0'], /0 is no time between two\./],
    [['--camera', 'camera.mjs:Own', '-r', 'often'], /"often" is not a rate/],
    [['--dump', '--detach'], /^Only a camera goes to the background/],
    [[], /^What of the events\? `ctq events --dump` prints them as they come/],
  ])('is not %j [CL-070]', async (args, said) => {
    expect(await refused(...args)).toEqual({ code: 2, err: expect.stringMatching(said) });
  });
});

/** Resolves when it is so, which a change in the project's folder makes it. */
async function until(project: Project, isSo: () => boolean): Promise<void> {
  let wake: () => void = () => undefined;
  const watcher = watch(project.folder, () => wake());
  // Whatever happened between the look and the watch.
  const timer = setInterval(() => wake(), 100);
  try {
    while (!isSo()) await new Promise<void>((resolve) => void (wake = resolve));
  } finally {
    clearInterval(timer);
    watcher.close();
  }
}
