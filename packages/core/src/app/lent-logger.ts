import { createLogger, type Logger, silentLogger } from '@ctq/runtime';

/** The logger of an app that was given none: silent, until the program that runs the app lends it one. */
export interface LentLogger extends Logger {
  /** pino's method: whoever puts long lines together asks first. */
  isLevelEnabled(): boolean;
  lend(logger: Logger): void;
}

export function lentLogger(): LentLogger {
  let target = silentLogger;
  return {
    ...createLogger(({ level, fields, message }) => {
      if (target !== silentLogger) target[level](fields, message);
    }),
    isLevelEnabled: () => target !== silentLogger,
    lend(logger) {
      target = logger;
    },
  };
}
