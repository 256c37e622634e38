import type { Difference } from './differences.js';
import type { Step } from './steps.js';

/** Compares steps, and keeps account of which intended differences were needed. */
export class Comparison {
  readonly #sides: Readonly<Record<'celery' | 'ctq', readonly Expected[]>>;

  constructor(differences: readonly Difference[]) {
    const side = (name: 'celery' | 'ctq'): readonly Expected[] =>
      differences.flatMap((difference) => difference[name].map((pattern) => new Expected(pattern)));
    this.#sides = { celery: side('celery'), ctq: side('ctq') };
  }

  /** What one side did and the other did not, without having been meant: `-` Celery alone, `+` ctq alone. */
  unexpected(celery: readonly Step[], ctq: readonly Step[]): readonly string[] {
    return [...this.#unmatched('celery', celery, ctq, '-'), ...this.#unmatched('ctq', ctq, celery, '+')];
  }

  /** Intended differences that no capture has shown. */
  get unneeded(): readonly string[] {
    return Object.values(this.#sides).flatMap((side) =>
      side.filter(({ wasNeeded }) => !wasNeeded).map(({ pattern }) => pattern),
    );
  }

  #unmatched(side: 'celery' | 'ctq', steps: readonly Step[], others: readonly Step[], sign: string): readonly string[] {
    const alone = steps.filter((step) => !others.includes(step));
    return alone
      .filter((step) => !this.#sides[side].some((expected) => expected.matches(step)))
      .map((step) => `${sign} ${step}`);
  }
}

/** One pattern of the table. */
class Expected {
  readonly pattern: string;
  wasNeeded = false;
  readonly #form: RegExp;

  constructor(pattern: string) {
    this.pattern = pattern;
    const parts = pattern.split('*').map((part) => part.replaceAll(/[\\^$.+?()[\]{}|]/g, '\\$&'));
    this.#form = new RegExp(`^${parts.join('.*')}$`, 's');
  }

  matches(step: Step): boolean {
    if (!this.#form.test(step)) return false;
    this.wasNeeded = true;
    return true;
  }
}
