/** Somebody may ask for one a second, and for the list never. */
const mostSamples = 1_000;

/** How much memory the process had when somebody asked (celery 5.6 utils/debug.py, sample_mem and memdump). */
export class MemorySamples {
  #samples: string[] = [];

  /** Resident memory now, in Celery's words: `72.094MB`. */
  take(): string {
    const sample = residentText();
    this.#samples.push(sample);
    if (this.#samples.length > mostSamples) this.#samples.shift();
    return sample;
  }

  /** So many of those that were taken at most, spread over all of them, and what there is now; they are forgotten. */
  dump(most: number): string {
    const every = Math.max(1, Math.ceil(this.#samples.length / Math.max(1, most)));
    const shown = this.#samples.filter((_, index) => index % every === 0);
    this.#samples = [];
    const lines = shown.length === 0 ? [] : ['- rss (sample):', ...shown.map((sample) => `-    > ${sample},`)];
    return [...lines, `- rss (end): ${residentText()}.`, ''].join('\n');
  }
}

const units = [
  ['GB', 1_024 ** 3],
  ['MB', 1_024 ** 2],
  ['kB', 1_024],
] as const;

/** celery 5.6 utils/debug.py, humanbytes: five significant digits. */
function residentText(): string {
  const bytes = process.memoryUsage.rss();
  const [unit, size] = units.find(([, least]) => bytes >= least) ?? (['b', 1] as const);
  return `${Number((bytes / size).toPrecision(5))}${unit}`;
}
