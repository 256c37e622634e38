import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Ctq, type Settings } from '@ctq/core';
import { type Logger, type LogLevel, silentLogger } from '@ctq/runtime';
import type { ExitCode } from './exit-codes.js';
import { loadApp } from './load/load-app.js';
import { createModuleLoader } from './load/module-loader.js';
import { logFormat } from './output/log-format.js';
import { createLineLogger, defaultLook, type LogLook } from './output/log-lines.js';
import { createStyle, type Style } from './output/style.js';
import type { DetachOptions } from './process/detach.js';
import type { LogFile } from './process/log-file.js';
import { UsageError } from './usage-error.js';

/** Celery's `celeryconfig`, with any of the usual extensions. */
const usualConfig = 'ctq.config';

/** Options that stand before the sub-command (CL-017 to CL-027). */
export interface GlobalOptions {
  readonly app?: string;
  readonly broker?: string;
  readonly resultBackend?: string;
  readonly config?: string;
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
  /** By whom this process was started: by somebody, by a command that went to the background, or as the successor of a worker that restarts. */
  readonly origin: 'started' | 'detached' | 'succeeding';
  /** Runs the same command line in the background. */
  readonly detach: (options: DetachOptions) => Promise<void>;
  /** Once the command is over, the same command line is run by a new process in place of this one. */
  readonly succeed: () => void;
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
  #look: LogLook;
  #logFile: LogFile | undefined;

  constructor(options: GlobalOptions, io: CommandIo) {
    this.options = options;
    this.io = io;
    this.style = createStyle(io.isOutTerminal && this.#isColorWanted);
    this.#look = defaultLook(createStyle(io.isErrTerminal && this.#isColorWanted));
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
    const { app: given, broker, resultBackend, config } = this.options;
    const overrides = {
      ...(broker === undefined ? {} : { broker }),
      ...(resultBackend === undefined ? {} : { backend: resultBackend }),
    };
    const folder = process.cwd();
    const { app, loader } =
      given === undefined
        ? { app: new Ctq('ctq'), loader: createModuleLoader(pathToFileURL(`${folder}/`).href) }
        : await loadApp(given, folder);
    const importModule = (url: string): Promise<unknown> => loader.import(url);
    if (config !== undefined) await app.configFromModule(resolve(folder, config), { importModule });
    // Only where there is no app: its programs that are no commands would not see this file.
    else if (given === undefined)
      await app.configFromModule(resolve(folder, usualConfig), { importModule, silent: true });
    app.override({ ...overrides, logger, source: 'the command line' });
    return { app, importModule };
  }

  /** Lines on stderr, or in the log file. */
  logger(level: LogLevel): Logger {
    const write = (line: string): void => (this.#logFile === undefined ? this.io.err(line) : this.#logFile.write(line));
    return createLineLogger({ level, look: () => this.#look, write });
  }

  /** From now on lines are for this file. */
  logTo(file: LogFile): void {
    this.#logFile = file;
  }

  /** From now on lines look as a worker's settings say. `--no-color` and NO_COLOR are nearer to who reads them. */
  lookAs({ workerLogFormat, workerTaskLogFormat, workerLogColor }: Settings): void {
    this.#look = {
      format: logFormat('workerLogFormat', workerLogFormat),
      taskFormat: logFormat('workerTaskLogFormat', workerTaskLogFormat),
      style: createStyle(
        this.#logFile === undefined && (workerLogColor ?? this.io.isErrTerminal) && this.#isColorWanted,
      ),
    };
  }

  get #isColorWanted(): boolean {
    return this.options.color && (this.io.environment.NO_COLOR ?? '') === '';
  }
}
