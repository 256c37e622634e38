import { NoResultBackendError } from '../errors/result-errors.js';
import type { ResultBackend } from './result-backend.js';

/** The backend of an app that has none: storing does nothing, asking is an error (celery 5.6 backends/base.py, DisabledBackend). */
export function disabledBackend(): ResultBackend {
  const refuse = (): Promise<never> => Promise.reject(new NoResultBackendError());
  return {
    spec: 1,
    name: 'disabled',
    url: 'disabled://',
    supports: { durability: 'none', reach: 'process', expiry: 'native' },
    open: () => Promise.resolve(),
    close: () => Promise.resolve(),
    store: () => Promise.resolve(),
    getMany: refuse,
    forget: refuse,
  };
}
