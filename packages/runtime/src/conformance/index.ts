export {
  type CaseDescription,
  casesOf,
  type ClosableScene,
  type ConformanceCase,
  type Requirement,
} from './conformance-case.js';
export type { ServiceCase } from './service-case.js';
export { serviceConformance } from './service-stress.js';
export type { ServiceConformanceOptions } from './trial.js';
