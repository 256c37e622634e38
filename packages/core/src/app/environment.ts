/** What core reads of the environment; everything else is a setting. */
export interface Environment {
  /** CTQ_BROKER_URL: the broker of apps that do not name one. */
  readonly brokerUrl: string | undefined;
  /** CTQ_RESULT_BACKEND: the result backend of apps that do not name one. */
  readonly resultBackend: string | undefined;
  /** NODE_ENV says `production`. */
  readonly isProduction: boolean;
}

/** The only place of core that reads the environment. Empty variables are unset ones. */
export function readEnvironment(env: NodeJS.ProcessEnv = process.env): Environment {
  return {
    brokerUrl: env.CTQ_BROKER_URL || undefined,
    resultBackend: env.CTQ_RESULT_BACKEND || undefined,
    isProduction: env.NODE_ENV === 'production',
  };
}
