import { ConfigurationError } from '../errors/ctq-error.js';
import { type Duration, durationMs } from '../time/duration.js';

/** Reads options one by one, from objects and from the texts of a URL's query, naming the adapter and the option in errors. */
export class OptionReader {
  readonly #adapter: string;
  readonly #options: Readonly<Record<string, unknown>>;

  constructor(adapter: string, options: Readonly<Record<string, unknown>>) {
    this.#adapter = adapter;
    this.#options = options;
  }

  /** What was given; Python's None is nothing. */
  raw(name: string): unknown {
    return this.#options[name] ?? undefined;
  }

  text(name: string): string | undefined {
    const value = this.raw(name);
    if (value === undefined || typeof value === 'string') return value;
    throw this.bad(name, 'a text');
  }

  truth(name: string): boolean | undefined {
    const value = this.raw(name);
    if (value === undefined || typeof value === 'boolean') return value;
    if (typeof value === 'string' && /^(?:true|yes|1)$/i.test(value)) return true;
    if (typeof value === 'string' && /^(?:false|no|0)$/i.test(value)) return false;
    throw this.bad(name, 'true or false');
  }

  count(name: string): number | undefined {
    const value = this.raw(name);
    if (value === undefined) return undefined;
    const number = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
    if (typeof number === 'number' && Number.isInteger(number) && number >= 0) return number;
    throw this.bad(name, 'a whole number from 0');
  }

  /** In milliseconds. A number is seconds, also as text. */
  duration(name: string): number | undefined {
    const value = this.raw(name);
    if (value === undefined) return undefined;
    const isSeconds = typeof value === 'string' && /^\d+(?:\.\d+)?$/.test(value);
    try {
      const ms = durationMs((isSeconds ? Number(value) : value) as Duration);
      if (ms >= 0) return ms;
    } catch {
      // Said below, with the option's name.
    }
    throw this.bad(name, "a number of seconds from 0, or a text such as '250ms', '10s', '5m'");
  }

  map(name: string): Readonly<Record<string, unknown>> | undefined {
    const value = this.raw(name);
    if (value === undefined) return undefined;
    const map: unknown = typeof value === 'string' ? parseJson(value) : value;
    if (typeof map === 'object' && map !== null && !Array.isArray(map)) return map as Record<string, unknown>;
    throw this.bad(name, 'an object');
  }

  bad(name: string, expected: string): ConfigurationError {
    return new ConfigurationError('CTQ_BAD_OPTION', `${this.#adapter}: '${name}' must be ${expected}.`, {
      details: { option: name },
    });
  }

  refused(name: string, reason: string): ConfigurationError {
    return new ConfigurationError('CTQ_BAD_OPTION', `${this.#adapter}: '${name}' ${reason}`, {
      details: { option: name },
    });
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
