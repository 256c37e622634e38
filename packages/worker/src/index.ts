export { banner, type BannerOptions } from './report/banner.js';
export type { WorkerInfo } from './report/worker-info.js';
export { nodeName } from './node-name.js';
export { ConnectionLostError, WorkerShutdownError } from './shutdown.js';
export { Worker } from './worker.js';
export type { WorkerOptions, WorkerStopOptions, WorkerTerminateOptions } from './worker-options.js';
export type { HealthOptions } from './health/health-server.js';
export { type RunningTaskStatus, statusText, type WorkerPhase, type WorkerStatus } from './report/worker-status.js';
