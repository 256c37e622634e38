import { ConfigurationError } from '@ctq/runtime';

export interface DatabaseUrl {
  readonly path: string;
  /** The query string's members. */
  readonly options: Readonly<Record<string, string>>;
}

const forms = "Write 'sqlite:///absolute/path.sqlite', 'sqlite:relative.sqlite' or 'sqlite://./relative.sqlite'.";

/**
 * The file and the options that a URL names. Three slashes begin an absolute path (SQLAlchemy needs four for that, which are accepted too).
 * @throws ConfigurationError for what names no file.
 */
export function parseDatabaseUrl(url: string): DatabaseUrl {
  const match = /^sqlite:([^?#]*)(?:\?([^#]*))?$/i.exec(url);
  if (match === null) throw new ConfigurationError('CTQ_BAD_URL', `'${url}' is not an SQLite URL. ${forms}`);
  const path = filePath(match[1] ?? '');
  if (path === undefined) throw new ConfigurationError('CTQ_BAD_URL', `'${url}' names no file. ${forms}`);
  if (path.includes(':memory:')) {
    throw new ConfigurationError(
      'CTQ_BAD_URL',
      `'${url}': an SQLite database in memory cannot be shared between processes. ${forms} The memory transport needs no file: 'memory:'.`,
    );
  }
  return { path, options: Object.fromEntries(new URLSearchParams(match[2] ?? '')) };
}

/** The URL of a file, for banners and errors. */
export function databaseUrl(path: string): string {
  return path.startsWith('/') ? `sqlite://${path}` : `sqlite:${path}`;
}

function filePath(rest: string): string | undefined {
  const text = decode(rest);
  if (!text.startsWith('//')) return text === '' || text.endsWith('/') ? undefined : text;
  const afterSlashes = text.slice(2).replace(/^\/{2,}/, '/');
  if (afterSlashes.endsWith('/') || afterSlashes === '') return undefined;
  const drive = /^\/([a-z]:\/.*)$/i.exec(afterSlashes);
  if (drive !== null) return drive[1];
  return /^\/|^\.\.?\//.test(afterSlashes) ? afterSlashes : undefined;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
