import { type Figure, percentile } from '../measure.js';
import type { Entry } from './entries.js';
import { recoveryMs } from './recovery.js';
import { type Drained, Session } from './session.js';
import type { Work } from './work.js';

/** How much is measured. */
export interface Scale {
  /** Of the tasks of each drain. */
  readonly share: number;
  /** Calls to an idle worker. */
  readonly starts: number;
  /** What `burn` takes to be busy for 20 ms where a core is free. */
  readonly rounds: number;
}

const taskMs = 20;
const burns = 100;
/** With a limit for each. */
const keys = 100;
/** However little else is measured: the first call of each key costs a question. */
const limitedCalls = 8_000;

/** One entry measured once; the figures' names are those of the measures. */
export async function figuresOf(entry: Entry, url: string, scale: Scale): Promise<readonly Figure[]> {
  const scaled = (count: number): number => Math.max(Math.round(count * scale.share), 1);
  return [
    ...(await loaded(entry, url, scale, scaled)),
    ...(await waiting(entry, url, scaled)),
    await recovery(entry, url),
  ];
}

type Scaled = (count: number) => number;

/** All that one worker can be asked for: idle first, then with its queue full. */
async function loaded(entry: Entry, url: string, scale: Scale, scaled: Scaled): Promise<readonly Figure[]> {
  await using session = await Session.open(entry.contender, url, entry.concurrency);
  const idle = session.worker.usage().residentMiB;
  const starts = await session.startsAfterMs(scale.starts);
  const noops = scaled(entry.noops);
  // Until its code is compiled.
  await session.drain('add', calls(noops));
  const stored = await session.drain('add', calls(noops));
  const ignored = await session.drain('forget', calls(noops));
  const residentMiB = session.worker.usage().residentMiB;
  const figures: Figure[] = [
    rate('no-op, stored', noops, stored),
    rate('no-op, ignored', noops, ignored),
    { name: 'publish to start, p50', value: percentile(starts, 50), unit: 'ms' },
    { name: 'publish to start, p99', value: percentile(starts, 99), unit: 'ms' },
    { name: 'RSS, idle', value: idle, unit: 'MiB' },
    { name: 'RSS, loaded', value: residentMiB, unit: 'MiB' },
    { name: 'CPU of a no-op, stored', value: (stored.cpuSeconds / noops) * 1_000_000, unit: 'µs' },
  ];
  if (entry.burns) {
    const count = scaled(burns);
    const burnt = await session.drain(
      'burn',
      Array.from({ length: count }, () => [scale.rounds] as const),
    );
    figures.push(...ofIdeal('20 ms on the processor', count, burnt, entry.concurrency));
  }
  figures.push({
    name: 'limit for each key, overhead',
    unit: '%',
    ...(entry.limits === true ? { value: await limitOverhead(session) } : nothing(entry.limits)),
  });
  return figures;
}

/** How much longer no-ops take with a limit that holds none of them up. Each twice and one inside the other, so that being later gives neither an advantage. */
async function limitOverhead(session: Session): Promise<number> {
  const some = calls(limitedCalls);
  await session.drain('limited', some);
  const seconds = { forget: 0, limited: 0 };
  for (const name of ['forget', 'limited', 'limited', 'forget'] as const)
    seconds[name] += (await session.drain(name, some)).seconds;
  return (seconds.limited / seconds.forget - 1) * 100;
}

async function waiting({ waits, contender }: Entry, url: string, scaled: Scaled): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const { concurrency, count } of waits) {
    await using session = await Session.open(contender, url, concurrency);
    const some = Math.max(scaled(count), concurrency);
    await session.drain('wait', waitsFor(concurrency));
    const waited = await session.drain('wait', waitsFor(some));
    figures.push(...ofIdeal(`20 ms of waiting × ${concurrency.toLocaleString('en')}`, some, waited, concurrency));
  }
  return figures;
}

async function recovery({ ends, contender }: Entry, url: string): Promise<Figure> {
  return {
    name: 'hard kill until the slot works again',
    unit: 'ms',
    ...(typeof ends === 'string' ? { value: await recoveryMs(contender, ends, url) } : nothing(ends)),
  };
}

function calls(count: number): readonly Work['add'][] {
  return Array.from({ length: count }, (_, n) => [n % keys, 1] as const);
}

function waitsFor(count: number): readonly Work['wait'][] {
  return Array.from({ length: count }, () => [taskMs] as const);
}

function rate(name: string, count: number, { seconds }: Drained): Figure {
  return { name, value: count / seconds, unit: 'tasks/s' };
}

/** A rate, and its share of what is possible where tasks take 20 ms and nothing else takes time. */
function ofIdeal(name: string, count: number, { seconds }: Drained, atATime: number): readonly Figure[] {
  const ideal = (atATime * 1_000) / taskMs;
  return [
    { name, value: count / seconds, unit: 'tasks/s' },
    { name: `${name}, of ${ideal.toLocaleString('en')}/s`, value: (count / seconds / ideal) * 100, unit: '%' },
  ];
}

function nothing({ absent }: { readonly absent: string }): Pick<Figure, 'value' | 'absent'> {
  return { value: Number.NaN, absent };
}
