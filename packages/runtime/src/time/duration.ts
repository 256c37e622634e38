/** A number is seconds, as in Celery's settings and on the wire; a string carries its unit: `'250ms' '10s' '5m' '2h' '1d'`. */
export type Duration = number | `${number}${DurationUnit}`;
export type DurationUnit = 'ms' | 's' | 'm' | 'h' | 'd';

const unitMs: Readonly<Record<DurationUnit, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const pattern = /^([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(ms|s|m|h|d)$/;

/**
 * Milliseconds of a duration. Negative ones are durations too (a countdown into the past is due at once).
 * @throws TypeError when it is neither a finite number nor a string with a known unit.
 */
export function durationMs(duration: Duration | string): number {
  const ms = typeof duration === 'number' ? duration * unitMs.s : parse(duration);
  if (Number.isFinite(ms)) return withoutNoise(ms);
  const shown = typeof duration === 'string' ? JSON.stringify(duration) : String(duration);
  throw new TypeError(
    `Not a duration: ${shown}. Give a number of seconds or a string such as '250ms', '10s', '5m', '2h', '1d'.`,
  );
}

/** The largest unit that shows the duration without a fraction: 90000 → `90s`, 3600000 → `1h`. For people and logs. */
export function formatDuration(ms: number): string {
  if (ms === 0) return '0s';
  for (const unit of ['d', 'h', 'm', 's'] as const) {
    if (ms % unitMs[unit] === 0) return `${ms / unitMs[unit]}${unit}`;
  }
  return Number.isFinite(ms) ? `${ms}ms` : String(ms);
}

function parse(text: unknown): number {
  const match = typeof text === 'string' ? pattern.exec(text.trim()) : null;
  return match === null ? Number.NaN : Number(match[1]) * unitMs[match[2] as DurationUnit];
}

/** 2.3 s are 2300 ms and not 2299.9999999999995: a double holds 15 digits faithfully. */
function withoutNoise(ms: number): number {
  return Number(ms.toPrecision(15));
}
