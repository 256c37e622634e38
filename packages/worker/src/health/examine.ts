import type { WorkerStatus } from '../report/worker-status.js';

/** What probes ask (Kubernetes' names). */
export type Probe = 'livez' | 'readyz' | 'startupz';

/** What is known of a worker when it is asked for its health. */
export interface HealthFacts {
  readonly status: WorkerStatus;
  /** It has been ready once. */
  readonly hasStarted: boolean;
  /** It cannot go on. */
  readonly failure: Error | undefined;
  /** Messages wait and none is received. */
  readonly trouble: string | undefined;
}

/** What a probe is answered; healthy when there are no reasons. */
export interface Examination {
  readonly ok: boolean;
  readonly reasons: readonly string[];
  readonly phase: WorkerStatus['phase'];
  readonly connection: WorkerStatus['connection'];
  readonly running: number;
  readonly waiting: number;
}

/**
 * - `livez`: whether starting it anew would help. A broker that is away is no reason: it reconnects by itself.
 * - `readyz`: whether it takes messages.
 * - `startupz`: whether it has been ready once.
 */
export function examine(probe: Probe, facts: HealthFacts): Examination {
  const { status } = facts;
  const reasons = reasonsAgainst[probe](facts);
  const { phase, connection, running, waiting } = status;
  return { ok: reasons.length === 0, reasons, phase, connection, running: running.length, waiting };
}

const reasonsAgainst: Readonly<Record<Probe, (facts: HealthFacts) => readonly string[]>> = {
  livez: ({ failure, trouble }) =>
    [failure === undefined ? undefined : `The worker cannot go on: ${failure.message}`, trouble].filter(isGiven),
  readyz: (facts) => {
    const { status, hasStarted } = facts;
    const { phase, connection, isConsuming } = status;
    const away = [
      hasStarted ? undefined : 'The worker has not started yet.',
      phase === 'warm' || phase === 'soft' || phase === 'cold' || phase === 'stopped'
        ? 'The worker is shutting down.'
        : undefined,
      connection === 'connected' ? undefined : `The connection to the broker is ${connection}.`,
      connection !== 'connected' || isConsuming ? undefined : 'The worker does not consume.',
    ].filter(isGiven);
    return [...reasonsAgainst.livez(facts), ...away];
  },
  startupz: ({ hasStarted }) => (hasStarted ? [] : ['The worker has not started yet.']),
};

function isGiven(reason: string | undefined): reason is string {
  return reason !== undefined;
}
