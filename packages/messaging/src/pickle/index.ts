export { createPickleReader } from './pickle.js';
