/** Runs per second, or with a unit: `10`, `'10/s'`, `'10/m'`, `'10/h'`. */
export type RateLimit = number | `${number}` | `${number}/${'s' | 'm' | 'h'}`;

const unitSeconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600 };
const pattern = /^\s*(\d+(?:\.\d+)?|\.\d+)(?:\/([^/]*))?\s*$/;

/**
 * Runs per second; undefined for no limit, which null, 0 and an empty text are (celery 5.6, kombu utils/limits.py and celery utils/time.py, `rate`).
 * @param what whose limit it is, for the message.
 * @throws TypeError for anything else, with what is allowed.
 */
export function runsPerSecond(limit: RateLimit | string | null | undefined, what: string): number | undefined {
  if (limit === undefined || limit === null || limit === '') return undefined;
  const [runs, unit] = typeof limit === 'number' ? [limit, 's'] : partsOf(limit);
  const seconds = unitSeconds[unit];
  if (seconds === undefined || !Number.isFinite(runs) || runs < 0) {
    throw new TypeError(
      `${what}: ${JSON.stringify(limit)} is not a rate. Give a number of runs per second, or a text with the unit s, m or h: '10/s', '10/m', '10/h'.`,
    );
  }
  return runs === 0 ? undefined : runs / seconds;
}

function partsOf(text: unknown): readonly [runs: number, unit: string] {
  const found = typeof text === 'string' ? pattern.exec(text) : null;
  return found === null ? [Number.NaN, ''] : [Number(found[1]), found[2]?.trim() ?? 's'];
}
