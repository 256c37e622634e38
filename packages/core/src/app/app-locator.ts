/** Where an application can be loaded from again: threads and processes load it by this. */
export interface AppLocator {
  /** `file:` URL of the module. */
  readonly url: string;
  /** Name of its export. */
  readonly export: string;
  /**
   * `file:` URL of a module whose `loadApp(locator)` loads it, resolving with `{ app, importModule }`: where it takes more than `import`, as for TypeScript
   * without a build.
   */
  readonly loader?: string;
}
