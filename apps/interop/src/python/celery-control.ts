import { Conversation } from './conversation.js';
import type { PythonSite } from './python-site.js';

/** How a command of Celery's command line ended, and what it printed. */
export interface CommandLineAnswer {
  readonly code: number;
  readonly output: string;
}

/** Whom Python's control client asks, and for how long: the arguments of `app.control.broadcast`. */
export interface PythonTarget {
  readonly destination?: readonly string[];
  readonly pattern?: string;
  readonly matcher?: string;
  /** In seconds. */
  readonly timeout?: number;
  readonly limit?: number;
}

/** Celery's control client and its command line. */
export class CeleryControl implements AsyncDisposable {
  readonly #conversation: Conversation;

  constructor(python: string, site: PythonSite) {
    this.#conversation = new Conversation(python, 'control.py', site);
  }

  /** `celery -A tasks <arguments>`. */
  commandLine(...argv: readonly string[]): Promise<CommandLineAnswer> {
    return this.#conversation.tell('command_line', ...argv);
  }

  /** `app.control.broadcast(…, reply=True)`: the replies by the names of the nodes. */
  async broadcast(
    command: string,
    args: Readonly<Record<string, unknown>>,
    target: PythonTarget = {},
  ): Promise<Readonly<Record<string, unknown>>> {
    const replies = await this.#conversation.tell<readonly Readonly<Record<string, unknown>>[]>(
      'broadcast',
      command,
      args,
      target,
    );
    return Object.assign({}, ...replies) as Readonly<Record<string, unknown>>;
  }

  /** `app.control.inspect(…).<method>(…)`. */
  inspect(
    method: string,
    args: readonly unknown[],
    target: PythonTarget = {},
  ): Promise<Readonly<Record<string, unknown>>> {
    return this.#conversation.tell('inspect', method, args, target);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#conversation[Symbol.asyncDispose]();
  }
}
