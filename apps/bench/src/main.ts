import { availableParallelism, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { calls } from './calls.js';
import { embedded } from './embedded.js';
import { canvas } from './canvas/canvas.js';
import { events } from './events/events.js';
import { chosenShapes } from './canvas/shapes.js';
import { type Figure, medianOf, multiples, type Run, verdict } from './measure.js';
import { memory } from './memory.js';
import { tables } from './tables.js';
import { amqp } from './contest/amqp.js';
import { redis } from './contest/redis.js';
import { worker } from './worker/worker.js';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: 'string' },
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    shapes: { type: 'string' },
    limit: { type: 'string', default: '120' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

const { quick, only } = values;
const shapes = chosenShapes(values.shapes?.split(','), quick);
const limitSeconds = Number(values.limit);
const scenarios: Readonly<Record<string, (run: Run) => Promise<readonly Figure[]>>> = {
  memory: () => memory(),
  embedded,
  calls,
  worker,
  canvas: canvas(shapes ?? [], limitSeconds),
  events,
  redis,
  amqp,
};
const names = Object.keys(scenarios);
const usage = `npm run bench -- [${names.join('|')} …] [--runs 3] [--json]
npm run bench -- events [--quick]
npm run bench -- worker|canvas [--quick] [--only <part of a contender's name>,…]
npm run bench -- canvas [--shapes chord|chain|nested|group[:<size>],…] [--limit <seconds of each, 120>]
`;

const runs = Number(values.runs ?? (quick ? 1 : 3));
const unknown = positionals.some((name) => !names.includes(name));
const scenariosAsked = positionals.join();
const misplaced =
  (only !== undefined && !['worker', 'canvas'].includes(scenariosAsked)) ||
  (quick && !['worker', 'canvas', 'events'].includes(scenariosAsked)) ||
  ((values.shapes !== undefined || values.limit !== '120') && scenariosAsked !== 'canvas');
const unreadable = shapes === undefined || !(limitSeconds > 0) || !Number.isInteger(runs) || runs < 1;
const wrong = unknown || misplaced || unreadable;
if (values.help || wrong) {
  process.stdout.write(usage);
  process.exitCode = wrong ? 2 : 0;
} else {
  for (const [name, scenario] of Object.entries(scenarios)) {
    if (positionals.length > 0 && !positionals.includes(name)) continue;
    const load = loadavg()[0] ?? Number.NaN;
    const figures = await medianOf(runs, (round) =>
      scenario({ round, quick, ...(only === undefined ? {} : { only: only.split(',') }) }),
    );
    if (values.json) process.stdout.write(`${JSON.stringify(forMachines(name, load, figures))}\n`);
    else process.stdout.write(forPeople(name, load, figures));
  }
}

function forMachines(scenario: string, load: number, figures: readonly Figure[]): object {
  return {
    scenario,
    runs,
    load,
    figures: figures.map((figure) => ({ ...figure, multiples: multiples(figure, figures) })),
  };
}

function forPeople(scenario: string, load: number, figures: readonly Figure[]): string {
  const listed = figures.filter(({ cell }) => cell === undefined);
  const width = Math.max(52, ...listed.map(({ name }) => name.length));
  const lines = listed.map((figure) => {
    const remarks = Object.entries(multiples(figure, figures)).map(
      ([other, multiple]) => `${multiple.toPrecision(multiple < 1 ? 2 : 3)} × ${other}`,
    );
    const last = verdict(figure);
    if (last !== '') remarks.push(last);
    return `  ${figure.name.padEnd(width)} ${valueOf(figure).padStart(10)} ${figure.unit.padEnd(8)} ${remarks.join(', ')}`;
  });
  const machine = `load ${load.toFixed(1)} before it, ${availableParallelism()} cores`;
  const list = lines.map((line) => `${line.trimEnd()}\n`).join('');
  return `\n${scenario} (median of ${runs}; ${machine})\n${list}${tables(figures, valueOf)}`;
}

function valueOf({ value, unit, absent }: Figure): string {
  if (absent !== undefined) return 'n/a';
  return value.toLocaleString('en', { maximumFractionDigits: unit.endsWith('s/s') ? 0 : unit === 's' ? 3 : 2 });
}
