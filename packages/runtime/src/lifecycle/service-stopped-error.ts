import { CtqError } from '../errors/ctq-error.js';

/** A service was started after its stop, or stopped while its start was pending: make a new one. */
export class ServiceStoppedError extends CtqError {
  static override readonly family: string = 'ServiceStoppedError';

  constructor(serviceName: string) {
    super('CTQ_SERVICE_STOPPED', `${serviceName} was stopped and cannot be started; make a new one.`, {
      details: { service: serviceName },
    });
  }
}
