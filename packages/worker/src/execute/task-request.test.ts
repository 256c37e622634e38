import { chord, type TaskRequest } from '@ctq/core';
import { describe, expect, test } from 'vitest';
import { encode, WorkerScene } from '../__fixtures__/worker-scene.js';

const signature = (task: string) => ({ task, args: [], kwargs: {}, options: {}, subtask_type: null, immutable: true });

const headers = {
  lang: 'py',
  task: 'look',
  id: 'the-id',
  shadow: 'a look',
  eta: '1970-01-01T00:00:00+00:00',
  expires: '2100-01-01T00:00:00+00:00',
  group: 'the-group',
  group_index: 3,
  retries: 2,
  timelimit: [60, 30],
  root_id: 'the-root',
  parent_id: 'the-parent',
  argsrepr: '<hidden>',
  kwargsrepr: "{'y': '***'}",
  origin: 'gen7@far',
  ignore_result: false,
  replaced_task_nesting: 1,
  stamped_headers: ['tenant'],
  stamps: { tenant: 'blue' },
};

/** What a task sees of a message of all parts, and of one that says nothing. */
async function seen(): Promise<{ readonly full: TaskRequest | undefined; readonly plain: TaskRequest | undefined }> {
  await using scene = new WorkerScene();
  const requests: TaskRequest[] = [];
  const look = scene.app.task('look', { bind: true, params: ['x', 'y'] }, (ctx, _x?: number, _y?: string) => {
    requests.push(ctx.request);
  });
  scene.app.task('note', () => undefined);
  await scene.start();
  const embed = {
    callbacks: [signature('note')],
    errbacks: [signature('note')],
    chain: [signature('note')],
    chord: null,
  };
  await scene.publish({
    body: encode([[1], { y: 'secret' }, embed]),
    headers: { ...headers, 'x-trace': 'abc' },
    properties: { correlationId: 'the-id', replyTo: 'my-replies', priority: 6 },
  });
  await scene.line(/a look\[the-id\] succeeded/);
  const result = await look.delay();
  await result.get({ timeout: 10 });
  return { full: requests[0], plain: requests[1] };
}

describe('The request of a task', () => {
  test('says where it stands in its workflow [TR-116, TR-121]', async () => {
    const { full, plain } = await seen();
    expect(full).toMatchObject({
      ...{ id: 'the-id', rootId: 'the-root', parentId: 'the-parent', group: 'the-group', groupIndex: 3 },
      ...{ chain: [signature('note')], callbacks: [signature('note')], errbacks: [signature('note')] },
    });
    expect(plain).toMatchObject({
      ...{ rootId: plain?.id, parentId: null, group: null, groupIndex: null, chord: null, chain: null },
      ...{ callbacks: null, errbacks: null },
    });
  });

  test('has the arguments, and apart from them what logs may show [TR-117, TR-118]', async () => {
    const { full } = await seen();
    expect(full).toMatchObject({
      ...{ args: [1], kwargs: { y: 'secret' }, argsRepr: '<hidden>', kwargsRepr: "{'y': '***'}" },
    });
  });

  test('has its attempts, times and limits [TR-119, TR-120]', async () => {
    const { full, plain } = await seen();
    const { eta, expires } = headers;
    expect(full).toMatchObject({ retries: 2, eta, expires, timeLimit: 60, softTimeLimit: 30 });
    expect(plain).toMatchObject({ retries: 0, eta: null, expires: null, timeLimit: null, softTimeLimit: null });
  });

  test('is neither eager nor a direct call in a worker [TR-122]', async () => {
    expect((await seen()).full).toMatchObject({ isEager: false, calledDirectly: false });
  });

  test('tells who runs it, who sent it and how it came [TR-123, TR-124]', async () => {
    const { full, plain } = await seen();
    expect(full).toMatchObject({ hostname: 'w1@host', origin: 'gen7@far' });
    expect(plain?.origin).toMatch(new RegExp(`^gen${process.pid}@.`));
    expect(full?.deliveryInfo).toEqual({ exchange: '', routingKey: 'celery', priority: 6, redelivered: false });
  });

  test('has the headers of the sender and none of the protocol [TR-126]', async () => {
    const { full, plain } = await seen();
    expect(full?.headers).toEqual({ 'x-trace': 'abc' });
    expect(plain?.headers).toEqual({});
  });

  test('has its name, shadow and language [TR-127]', async () => {
    const { full, plain } = await seen();
    expect(full).toMatchObject({ lang: 'py', task: 'look', shadow: 'a look' });
    expect(plain).toMatchObject({ lang: 'js', task: 'look', shadow: null });
  });

  test('says whether its result is ignored, how deep it was replaced, and its stamps [TR-128, TR-129]', async () => {
    const { full, plain } = await seen();
    expect(full).toMatchObject({
      ...{ ignoreResult: false, replacedTaskNesting: 1, stampedHeaders: ['tenant'], stamps: { tenant: 'blue' } },
    });
    expect(plain).toMatchObject({ ignoreResult: false, replacedTaskNesting: 0, stampedHeaders: null, stamps: {} });
  });

  test('has the body of the chord that waits for it [TR-116]', async () => {
    await using scene = new WorkerScene();
    const bodies: unknown[] = [];
    const part = scene.app.task('part', { bind: true }, ({ request }) => bodies.push(request.chord?.task));
    const body = scene.app.task('body', (parts: readonly number[]) => parts.length);
    await scene.start();
    expect(await (await chord([part.s()], body.s()).delay()).get({ timeout: 10 })).toBe(1);
    expect(bodies).toEqual(['body']);
  });
});
