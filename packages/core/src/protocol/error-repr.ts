import { saferepr } from './args-repr.js';

/** As Python shows an exception: `ValueError('no such order')`. */
export function errorRepr({ name, message }: Error): string {
  return `${name}(${message === '' ? '' : saferepr(message)})`;
}
