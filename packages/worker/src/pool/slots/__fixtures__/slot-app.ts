import { spawn } from 'node:child_process';
import { Ctq } from '@ctq/core';
import { createJsonSerializer } from '@ctq/messaging';

/** A value of the application's own. */
class Money {
  readonly amount: number;

  constructor(amount: number) {
    this.amount = amount;
  }
}

/** An application whose values not everybody can read who has it: slots do. */
export function slotApp(readMoney: (amount: unknown) => Money): Ctq {
  const money = {
    name: 'money',
    is: (value: object): boolean => value instanceof Money,
    encode: ({ amount }: Money): number => amount,
    decode: readMoney,
  };
  const app = new Ctq('slots', {
    broker: 'memory://',
    backend: 'memory://',
    serializers: [createJsonSerializer({ types: [money] })],
  });
  app.task('slots.returns', () => 42);
  app.task('slots.earns', () => new Money(42));
  app.task('slots.earnsAgain', { bind: true }, (ctx): number => ctx.retry({ args: [new Money(42)] }));
  app.task('slots.retriesStrangely', { bind: true }, (ctx): number =>
    ctx.retry({ options: { headers: { strange: () => 1 } } }),
  );
  app.task('slots.diesInMidLine', () => {
    process.stderr.write('these were its last');
    // oxlint-disable-next-line node/no-process-exit -- what is tested
    setImmediate(() => process.exit(3));
    return new Promise<never>(() => undefined);
  });
  app.task('slots.diesWhenDone', () => {
    // After its outcome has left.
    setImmediate(() => process.kill(process.pid, 'SIGKILL'));
    return 42;
  });
  app.task('slots.leavesProcessBehind', { bind: true }, ({ log }) => {
    const { pid } = spawn('sleep', ['60'], { stdio: ['ignore', 'ignore', 'inherit'], detached: true });
    log.info(`left ${pid}`);
    // oxlint-disable-next-line node/no-process-exit -- what is tested
    setImmediate(() => process.exit(3));
    return new Promise<never>(() => undefined);
  });
  return app;
}

export const app: Ctq = slotApp((amount) => new Money(amount as number));
