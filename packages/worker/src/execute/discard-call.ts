import type { RevokedBy } from '../revoke/revocations.js';
import { discard } from './discard.js';
import type { TaskRequest } from './task-request.js';
import { dropUnique } from './unique-guard.js';
import type { Workplace } from './workplace.js';

/** The caller is told that it expired. */
export async function discardExpired(request: TaskRequest, workplace: Workplace): Promise<void> {
  const { revocations, clock } = workplace;
  revocations.add([{ id: request.message.id, at: clock.now() }]);
  if (request.message.unique !== undefined) await dropUnique(request, workplace);
  await discard(request, 'expired', workplace);
}

/** Somebody has revoked it. */
export async function discardRevoked(request: TaskRequest, by: RevokedBy, workplace: Workplace): Promise<void> {
  if (request.message.unique !== undefined) await dropUnique(request, workplace);
  await discard(request, 'root' in by ? 'cancelled' : 'revoked', workplace, by);
}

/** Somebody has revoked it while it ran, and it has ended for it. */
export async function discardTerminated(request: TaskRequest, workplace: Workplace): Promise<void> {
  if (request.message.unique !== undefined) await dropUnique(request, workplace);
  await discard(request, 'terminated', workplace);
}
