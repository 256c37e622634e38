/** CL-008; sysexits.h for what is not 0, 1 or 2 (celery 5.6 platforms.py). */
export const exitCodes = { ok: 0, failure: 1, usage: 2, unavailable: 69, cantCreate: 73 } as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];
