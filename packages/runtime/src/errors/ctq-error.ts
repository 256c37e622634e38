/**
 * What an error is made of. `code` is stable within a major version, the message may improve at any time and tells the
 * reader what to do next.
 */
export interface CtqErrorOptions {
  /** What went wrong underneath: shown by Node as `[cause]`. */
  readonly cause?: unknown;
  /** Plain data for logs and monitors; never secrets. */
  readonly details?: Readonly<Record<string, unknown>>;
}

const familyMark = (family: string): symbol => Symbol.for(`ctq.error.${family}`);

/**
 * The root of every error that ctq throws on purpose. Subclasses are recognised with `isInstance`, which also works when
 * two copies of a package are loaded (where `instanceof` is false):
 *
 * ```ts
 * if (TransportError.isInstance(error) && error.recoverable) …
 * ```
 *
 * Wrong arguments are plain `TypeError`s; aborts rethrow the signal's reason; task control flow (retry, ignore, reject) is
 * not an error of this tree.
 */
export class CtqError extends Error {
  /**
   * The mark under which `isInstance` knows the class across copies; unique among all packages, and a string because
   * minifiers rename classes. A subclass without its own is recognised by `instanceof`, and by its parent's mark as a parent.
   */
  static readonly family: string = 'CtqError';

  readonly code: string;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: string, message: string, options: CtqErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = options.details ?? {};
    this.name = Object.hasOwn(new.target, 'family') ? new.target.family : new.target.name;
    for (const family of familiesOf(new.target)) {
      Object.defineProperty(this, familyMark(family), { value: true });
    }
  }

  /** True for errors of this class or a subclass of it, whichever copy of the package made them. */
  static isInstance<Class extends abstract new (...args: never[]) => unknown>(
    this: Class & { readonly family: string },
    value: unknown,
  ): value is InstanceType<Class> {
    // The mark and not `instanceof Error`: test runners such as jest give every file an `Error` of its own.
    if (typeof value !== 'object' || value === null || !(familyMark(this.family) in value)) return false;
    return Object.hasOwn(this, 'family') || value instanceof this;
  }
}

function familiesOf(errorClass: typeof CtqError): Set<string> {
  const families = new Set<string>();
  let current: unknown = errorClass;
  while (typeof current === 'function' && 'family' in current && typeof current.family === 'string') {
    families.add(current.family);
    current = Object.getPrototypeOf(current);
  }
  return families;
}

/** A setting, option or URL that cannot be used; the message says what to change or to install. */
export class ConfigurationError extends CtqError {
  static override readonly family: string = 'ConfigurationError';
}
