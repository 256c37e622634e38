import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ConfigurationError } from '@ctq/runtime';

/** Where apps without a broker keep their queues and results: one file that client and worker find by themselves. */
export interface EmbeddedLocation {
  readonly path: string;
  /** The path as `sqlite:` URL. */
  readonly url: string;
}

/**
 * `.ctq/ctq.sqlite` beside the nearest package.json, from the given folder upward; beside the folder's own files where there is none.
 */
export function embeddedLocation(folder: string): EmbeddedLocation {
  const path = join(packageFolder(folder) ?? resolve(folder), '.ctq', 'ctq.sqlite');
  return { path, url: `sqlite://${pathToFileURL(path).pathname}` };
}

/**
 * Makes the folder of the file, and keeps it out of version control.
 * @throws ConfigurationError in production, where a file that nobody named is nobody's intention.
 */
export function prepareEmbeddedLocation(location: EmbeddedLocation, isProduction: boolean): void {
  if (isProduction) {
    throw new ConfigurationError(
      'CTQ_NO_BROKER',
      'No broker is configured, and with NODE_ENV=production ctq does not fall back to a file of its own. ' +
        `Name one: new Ctq('name', { broker: 'redis://…' }), or CTQ_BROKER_URL. If the file is what you want: CTQ_BROKER_URL=${location.url}`,
    );
  }
  const folder = dirname(location.path);
  mkdirSync(folder, { recursive: true });
  const ignoreFile = join(folder, '.gitignore');
  if (!existsSync(ignoreFile)) writeFileSync(ignoreFile, '*\n');
}

function packageFolder(folder: string): string | undefined {
  let current = resolve(folder);
  for (;;) {
    if (existsSync(join(current, 'package.json'))) return current;
    const parent = dirname(current);
    if (parent === current) return undefined;
    current = parent;
  }
}
