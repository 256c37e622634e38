import { createRequire } from 'node:module';
import { toError } from '@ctq/runtime';

/**
 * A package that few need: an optional peer, loaded at the first use. Synchronously, because serializers and compressors are.
 *
 * @internal
 */
export class OptionalPackage<Exports> {
  readonly #name: string;
  readonly #range: string;
  readonly #load: (name: string) => unknown;
  #loaded: Exports | undefined;

  /** `load` is for tests. */
  constructor(name: string, range: string, load: (name: string) => unknown = createRequire(import.meta.url)) {
    this.#name = name;
    this.#range = range;
    this.#load = load;
  }

  /** @throws Error that begins in the middle of a sentence; where the package is missing it names the command to install it. */
  get exports(): Exports {
    if (this.#loaded !== undefined) return this.#loaded;
    try {
      return (this.#loaded = this.#load(this.#name) as Exports);
    } catch (cause) {
      const { message } = toError(cause);
      throw new Error(
        message.includes(`Cannot find module '${this.#name}'`)
          ? `the package ${this.#name} is not installed. Run: npm install ${this.#name}@${this.#range}`
          : `the package ${this.#name} cannot be loaded: ${message}`,
        { cause },
      );
    }
  }
}
