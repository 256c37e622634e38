import { fileURLToPath, pathToFileURL } from 'node:url';
import { createJiti } from 'jiti';

/** Imports modules of an application, TypeScript included, without a build step. */
export interface ModuleLoader {
  /** @param module A path, a `file:` URL, or the name of a package. */
  import(module: string): Promise<Readonly<Record<string, unknown>>>;
  /** The `file:` URL of a package's module, as seen from the application; undefined when it is not installed. */
  resolve(packageName: string): string | undefined;
}

/**
 * Made for the file that is imported first: `paths` of the nearest tsconfig.json hold from there, packages are found from there. It transpiles the
 * application's own files only; packages, `@ctq/*` among them, are imported by Node itself, so that there is one copy of each in the process. It
 * needs no hooks, so it works the same in threads and in child processes.
 */
export function createModuleLoader(from: string): ModuleLoader {
  const parent = from.startsWith('file:') ? from : pathToFileURL(from).href;
  const jiti = createJiti(parent, { interopDefault: false, tsconfigPaths: true, nativeModules: ['@ctq'] });
  return {
    async import(module) {
      return await jiti.import<Readonly<Record<string, unknown>>>(
        module.startsWith('file:') ? fileURLToPath(module) : module,
      );
    },
    resolve: (packageName) => jiti.esmResolve(packageName, { try: true }),
  };
}
