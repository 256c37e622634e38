/** Where broker and results of the Python side are, and how it is set up. */
export interface PythonSite {
  readonly broker: string;
  readonly backend: string;
  /** Celery's settings, by Celery's names. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Kombu's transport options, for programs without Celery. */
  readonly transportOptions?: Readonly<Record<string, unknown>>;
}

/** What the programs read. */
export function environmentOf({
  broker,
  backend,
  settings = {},
  transportOptions = {},
}: PythonSite): NodeJS.ProcessEnv {
  return {
    ...process.env,
    INTEROP_BROKER: broker,
    INTEROP_BACKEND: backend,
    INTEROP_SETTINGS: JSON.stringify(settings),
    INTEROP_TRANSPORT_OPTIONS: JSON.stringify(transportOptions),
    PYTHONDONTWRITEBYTECODE: '1',
  };
}
