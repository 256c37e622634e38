/** Workers of the cluster that is made up. */
const workers = 200;
const startedAt = 1_795_229_200;
/** Between the events of one task those of so many others come. */
const atATime = 1_000;

/** Events of a busy cluster as a receiver gives them: four of each task, each a little after the one before, and heartbeats between them. The same ones each time. */
export function* eventStream(tasks: number): Generator<Readonly<Record<string, unknown>>, void, undefined> {
  let clock = 0;
  const event = (type: string, worker: number, fields: Readonly<Record<string, unknown>>) => {
    clock += 1;
    const timestamp = startedAt + clock / 1_000;
    const hostname = `worker${worker}@host`;
    return {
      ...{ hostname, utcoffset: 0, pid: 1_000 + worker, clock, ...fields },
      ...{ timestamp, type, local_received: timestamp + 0.001 },
    };
  };
  for (let from = 0; from < tasks; from += atATime) {
    const some = Array.from({ length: Math.min(atATime, tasks - from) }, (_, n) => taskOf(from + n));
    for (const { uuid, worker, call } of some) yield event('task-received', worker, { uuid, ...call });
    for (const { uuid, worker } of some) yield event('task-started', worker, { uuid });
    for (const { uuid, worker, n } of some) {
      yield event('task-succeeded', worker, { uuid, result: `${n + 1}`, runtime: 0.001_25 });
      if (n % 10 === 0) yield event('worker-heartbeat', worker, { ...status, processed: n });
    }
  }
}

const status = {
  ...{ freq: 2, active: 4, loadavg: [1.5, 1.25, 0.75] },
  ...{ sw_ident: 'py-celery', sw_ver: '5.6.3', sw_sys: 'Linux' },
};

function taskOf(n: number) {
  const uuid = `00000000-0000-4000-8000-${n.toString(16).padStart(12, '0')}`;
  const call = {
    ...{ name: `shop.tasks.task${n % 50}`, args: `(${n}, 1)`, kwargs: '{}', root_id: uuid },
    // Every tenth one was sent by the one before it.
    ...{ parent_id: n % 10 === 9 ? uuid.replace(/..$/, '00') : null, retries: 0, eta: null, expires: null },
  };
  return { uuid, call, n, worker: (n * 7) % workers };
}
