export { banner, type BannerOptions } from './report/banner.js';
export type { WorkerInfo } from './report/worker-info.js';
export { nodeName } from './node-name.js';
export { WorkerShutdownError } from './shutdown.js';
export { Worker } from './worker.js';
export type { WorkerOptions } from './worker-options.js';
