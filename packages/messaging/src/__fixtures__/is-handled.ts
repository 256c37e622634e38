import { DecodeError } from '../errors.js';

/** Read, or refused in the one way that readers are prepared for. */
export function isHandled(read: () => unknown): boolean {
  try {
    read();
    return true;
  } catch (error) {
    return DecodeError.isInstance(error);
  }
}
