export { banner, type BannerOptions } from './report/banner.js';
export type { WorkerInfo } from './report/worker-info.js';
export { nodeName } from './node-name.js';
export { SlotStartError } from './pool/slots/slot-start-error.js';
export { WorkerShutdownError } from './shutdown.js';
export { Worker } from './worker.js';
export type { AutoscaleRange } from './pool/autoscaler.js';
export type { WorkerOptions, WorkerStopOptions } from './worker-options.js';
