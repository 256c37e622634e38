import { Ctq } from '@ctq/core';
import { type Logger, type LogLevel, silentLogger } from '@ctq/runtime';
import type { ExitCode } from './exit-codes.js';
import { loadApp } from './load/load-app.js';
import { createLineLogger } from './output/log-lines.js';
import { createStyle, type Style } from './output/style.js';
import { UsageError } from './usage-error.js';

/** Options that stand before the sub-command (CL-017 to CL-027). */
export interface GlobalOptions {
  readonly app?: string;
  readonly broker?: string;
  readonly resultBackend?: string;
  readonly workdir?: string;
  /** commander's form of `--no-color`. */
  readonly color: boolean;
  readonly quiet?: boolean;
}

/** The world as commands see it; the bin gives the process's. */
export interface CommandIo {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly isOutTerminal: boolean;
  readonly isErrTerminal: boolean;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** The app that a command works on, with what it needs to import more of it. */
export interface CommandApp {
  readonly app: Ctq;
  readonly importModule: (url: string) => Promise<unknown>;
}

/** Carries out what a command does, and says how it ended. */
export type RunCommand = (action: (context: CommandContext) => Promise<ExitCode>) => Promise<void>;

/** What every command is given: the app, and ways to say something. */
export class CommandContext {
  readonly options: GlobalOptions;
  readonly io: CommandIo;
  readonly style: Style;

  constructor(options: GlobalOptions, io: CommandIo) {
    this.options = options;
    this.io = io;
    this.style = createStyle(io.isOutTerminal && this.#isColorWanted);
  }

  echo(text: string): void {
    this.io.out(`${text}\n`);
  }

  /** For commands that cannot do without one. */
  async requiredApp(command: string, logger: Logger): Promise<CommandApp> {
    if (this.options.app === undefined) {
      throw new UsageError(`Which app? Name its module before the sub-command: ctq -A ./tasks ${command}`);
    }
    return await this.app(logger);
  }

  /** The app of `-A`; without it one that knows the broker and nothing else, which is enough to call a task by name. */
  async app(logger: Logger = silentLogger): Promise<CommandApp> {
    const { app: given, broker, resultBackend } = this.options;
    const overrides = {
      ...(broker === undefined ? {} : { broker }),
      ...(resultBackend === undefined ? {} : { backend: resultBackend }),
    };
    if (given === undefined) {
      return { app: new Ctq('ctq', { ...overrides, logger }), importModule: (url) => import(url) as Promise<unknown> };
    }
    const { app, loader } = await loadApp(given, process.cwd());
    app.override({ ...overrides, logger });
    return { app, importModule: (url) => loader.import(url) };
  }

  /** Lines on stderr. */
  logger(level: LogLevel): Logger {
    const { err, isErrTerminal } = this.io;
    return createLineLogger({ level, style: createStyle(isErrTerminal && this.#isColorWanted), write: err });
  }

  get #isColorWanted(): boolean {
    return this.options.color && (this.io.environment.NO_COLOR ?? '') === '';
  }
}
