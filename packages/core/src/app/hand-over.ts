import type { Settings } from '../config/settings.js';

/** What a program has decided over an app's own module: for another thread or process, which imports the module again. */
export interface HandedOver {
  readonly broker?: string;
  readonly backend?: string;
  /** Those that were given and are plain data. Functions are the module's own, which says them again. */
  readonly settings: Partial<Settings>;
}

/** The part of settings that another thread or process can be given. */
export function plainSettings(settings: Partial<Settings>): Partial<Settings> {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => isCloneable(value)));
}

function isCloneable(value: unknown): boolean {
  try {
    structuredClone(value);
    return true;
  } catch {
    return false;
  }
}
