export { AppLoadError } from './load/app-load-error.js';
export { loadApp, type LoadedApp, loadLocated } from './load/load-app.js';
export type { ModuleLoader } from './load/module-loader.js';
