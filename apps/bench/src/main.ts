import { parseArgs } from 'node:util';
import { calls } from './calls.js';
import { embedded } from './embedded.js';
import { medianOf, verdict } from './measure.js';
import { memory } from './memory.js';
import { redis } from './redis/redis.js';
import { worker } from './worker.js';

const scenarios = { memory, embedded, calls, worker, redis } as const;
const names = Object.keys(scenarios) as (keyof typeof scenarios)[];

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: 'string', default: '3' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

const unknown = positionals.filter((name) => !names.some((known) => known === name));
if (values.help || unknown.length > 0) {
  process.stdout.write(`npm run bench -- [${names.join('|')} …] [--runs 3] [--json]\n`);
  process.exitCode = unknown.length > 0 ? 2 : 0;
} else {
  const wanted = positionals.length === 0 ? names : names.filter((name) => positionals.includes(name));
  for (const name of wanted) {
    const figures = await medianOf(Number(values.runs), () => scenarios[name]());
    if (values.json) process.stdout.write(`${JSON.stringify({ scenario: name, figures })}\n`);
    else {
      process.stdout.write(`\n${name} (median of ${values.runs})\n`);
      for (const figure of figures) {
        const value = figure.value.toLocaleString('en', { maximumFractionDigits: figure.unit === 'tasks/s' ? 0 : 2 });
        process.stdout.write(
          `  ${figure.name.padEnd(52)} ${value.padStart(10)} ${figure.unit.padEnd(8)} ${verdict(figure)}\n`,
        );
      }
    }
  }
}
