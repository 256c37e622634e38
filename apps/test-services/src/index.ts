export { probes } from './probes/probes.js';
export { pythonWith } from './python.js';
export { environmentVariable, type Service, type ServiceName, serviceNames } from './service.js';
export { type Services, startServices } from './start-services.js';
