/** Where an application can be loaded from again: threads and processes load it by this. */
export interface AppLocator {
  /** `file:` URL of the module. */
  readonly url: string;
  /** Name of its export. */
  readonly export: string;
}
