export type { ServiceCase } from './service-case.js';
export { serviceConformance } from './service-stress.js';
export type { ServiceConformanceOptions } from './trial.js';
