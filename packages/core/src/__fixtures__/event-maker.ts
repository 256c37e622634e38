/** 2030-01-01T00:00:00Z, in seconds since the epoch: where a VirtualClock stands first. */
export const startsAt: number = Date.UTC(2030, 0, 1) / 1_000;

/** Events as a receiver gives them, one second after the other. */
export class EventMaker {
  #clock = 0;

  worker(subject: string, fields: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
    return { ...this.#next(`worker-${subject}`), freq: 2, ...fields };
  }

  task(subject: string, uuid: string, fields: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
    return { ...this.#next(`task-${subject}`), uuid, ...fields };
  }

  #next(type: string) {
    this.#clock += 1;
    const timestamp = startsAt + this.#clock;
    return {
      ...{ hostname: 'w1@host', utcoffset: 0, pid: 7, clock: this.#clock },
      ...{ type, timestamp, local_received: timestamp },
    };
  }
}
