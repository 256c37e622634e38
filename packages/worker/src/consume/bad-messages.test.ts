import { gzipSync } from 'node:zlib';
import { type AppOptions, TaskNotRegisteredError } from '@ctq/core';
import { describe, expect, test } from 'vitest';
import { encode, WorkerScene } from '../__fixtures__/worker-scene.js';

const embed = { callbacks: null, errbacks: null, chain: null, chord: null };

/** A started worker with a good task; `goesOn` shows that the worker still works, and that nothing bad is left. */
async function setup(options: AppOptions = {}): Promise<WorkerScene & { goesOn(): Promise<void> }> {
  const scene = new WorkerScene(options);
  const add = scene.app.task('add', { params: ['x', 'y'] }, (x: number, y: number) => x + y);
  await scene.start();
  return Object.assign(scene, {
    async goesOn() {
      expect(await (await add.delay(1, 2)).get({ timeout: 10 })).toBe(3);
      await scene.clock.advance(0);
      expect(await scene.waiting()).toBe(0);
    },
  });
}

describe('A message that cannot be read', () => {
  test('that is not JSON is acknowledged, with a critical line [TR-224]', async () => {
    await using scene = await setup();
    await scene.publish({ body: encode('{"x": '), headers: { task: 'add', id: 'bad-1' } });
    const line = await scene.line(/Can't decode message body/);
    expect(line.level).toBe('fatal');
    expect(line.message).toContain('application/json');
    await scene.goesOn();
  });

  test.each([['json'], ['application/json']])(
    'of another content type than %s, which is accepted, is rejected undecoded [TR-301]',
    async (accepted) => {
      await using scene = await setup({ acceptContent: [accepted] });
      await scene.publish({
        body: encode('cos\nsystem\n'),
        contentType: 'application/x-python-serialize',
        headers: { task: 'add', id: 'bad-2' },
      });
      const line = await scene.line(/Received invalid task message/);
      expect(line.level).toBe('error');
      await scene.goesOn();
    },
  );

  test('that would unpack to more than the limit is not unpacked', async () => {
    await using scene = await setup({ taskMaxMessageSize: 1024 * 1024 });
    const bomb = gzipSync(Buffer.alloc(32 * 1024 * 1024, 32));
    await scene.publish({ body: bomb, headers: { task: 'add', id: 'bad-3', compression: 'application/x-gzip' } });
    expect((await scene.line(/Can't decode message body/)).level).toBe('fatal');
    await scene.goesOn();
  });

  test('that is larger than the limit is not decoded', async () => {
    await using scene = await setup({ taskMaxMessageSize: 4_096 });
    await scene.publishTask('add', [['x'.repeat(8_000), ''], {}, embed]);
    expect((await scene.line(/Can't decode message body/)).level).toBe('fatal');
    await scene.goesOn();
  });
});

describe('A message that is no proper task message', () => {
  test.each([
    ['an object for a body', { x: 1 }],
    ['a body of two elements', [[], {}]],
    ['a number for arguments', [7, {}, embed]],
    ['a list for keyword arguments', [[], [], embed]],
    ['callbacks that are no signatures', [[], {}, { ...embed, callbacks: [7] }]],
  ])('with %s is rejected, with an error line [TR-223]', async (_, body) => {
    await using scene = await setup();
    await scene.publishTask('add', body);
    expect((await scene.line(/Received invalid task message/)).level).toBe('error');
    await scene.goesOn();
  });

  test('without an id is rejected', async () => {
    await using scene = await setup();
    await scene.publish({ body: encode([[1, 2], {}, embed]), headers: { task: 'add' } });
    await scene.line(/Received invalid task message/);
    await scene.goesOn();
  });

  test.each(['tomorrow', '2030-13-45T00:00:00', '99999999999999999999', 17])(
    'with the ETA %j is rejected [TR-225]',
    async (eta) => {
      await using scene = await setup();
      await scene.publishTask('add', [[1, 2], {}, embed], { eta });
      expect((await scene.line(/Received invalid task message/)).level).toBe('error');
      await scene.goesOn();
    },
  );

  test('with its task in the body and not in the headers is one of protocol 1 [WK-031]', async () => {
    await using scene = await setup();
    const id = crypto.randomUUID();
    await scene.publish({ body: encode({ task: 'add', id, args: [2], kwargs: { y: 5 } }) });
    expect(await scene.app.asyncResult(id).get({ timeout: 10 })).toBe(7);
    await scene.goesOn();
  });

  test('neither protocol 1 nor 2 is deleted, with a warning [WK-031]', async () => {
    await using scene = await setup();
    await scene.publish({ body: encode({ hello: 'world' }) });
    const line = await scene.line(/Received and deleted unknown message/);
    expect(line.level).toBe('warn');
    expect(line.message).toContain('hello');
    await scene.goesOn();
  });

  test('does not write control characters into the log', async () => {
    await using scene = await setup();
    await scene.publish({ body: encode('\u001b[2J\nnot json'), headers: { task: 'add', id: 'x', note: '\u001b[31m' } });
    const { message } = await scene.line(/Can't decode message body/);
    expect(message.includes('\u001b')).toBe(false);
  });
});

describe('A task that is not registered', () => {
  test('fails with NotRegistered, and its message is dropped [TR-222, TR-297]', async () => {
    await using scene = await setup();
    const result = await scene.app.sendTask('nobody.knows', [1]);
    const error = await result.get({ timeout: 10 }).catch((thrown: unknown) => thrown);
    expect(TaskNotRegisteredError.isInstance(error) && error.task).toBe('nobody.knows');
    expect(await result.state()).toBe('FAILURE');
    const line = await scene.line(/Received unregistered task of type 'nobody\.knows'\./);
    expect(line.level).toBe('error');
    for (const part of ["message body was:\n'[[1],{},", 'message headers:\n{ lang:', 'this task is:\n{ exchange:'])
      expect(line.message).toContain(part);
    await scene.goesOn();
  });

  test.each([
    ['__main__.add', "@app.task(name='add')"],
    ['proj.tasks.add', "Did you mean 'add'?"],
  ])(
    'by the name of a Python module, %s, is told of by what is registered [SD-092, SD-219, SD-386]',
    async (name, advice) => {
      await using scene = await setup();
      await scene.publishTask(name, [[1, 2], {}, embed]);
      const line = await scene.line(/Received unregistered task/);
      expect(line.message).toContain(`of type '${name}'.`);
      expect(line.message).toMatch(/^Registered here: add\.$/m);
      expect(String(line.fields['err'])).toContain(advice);
      await scene.goesOn();
    },
  );
});

describe('Arguments that do not fit', () => {
  test('__proto__ among the keyword arguments is an unexpected argument and nothing else', async () => {
    await using scene = await setup();
    const id = await scene.publishTask('add', `[[1], {"__proto__": {"polluted": true}}, ${JSON.stringify(embed)}]`);
    await expect(scene.app.asyncResult(id).get({ timeout: 10 })).rejects.toThrow(
      /unexpected keyword argument '__proto__'/,
    );
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
    await scene.goesOn();
  });

  test('too many of them are a TypeError of the task', async () => {
    await using scene = await setup();
    const result = await scene.app.sendTask('add', [1, 2, 3]);
    await expect(result.get({ timeout: 10 })).rejects.toThrow(/takes 2 positional arguments but 3 were given/);
    await scene.goesOn();
  });
});
