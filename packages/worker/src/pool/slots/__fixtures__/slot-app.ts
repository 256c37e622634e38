import { spawn } from 'node:child_process';
import { writeSync } from 'node:fs';
import { threadId } from 'node:worker_threads';
import { Ctq } from '@ctq/core';
import { createJsonSerializer, type Serializer } from '@ctq/messaging';

/** A value of the application's own. */
class Money {
  readonly amount: number;

  constructor(amount: number) {
    this.amount = amount;
  }
}

/** JSON with such values. */
export function moneySerializer(decode: (amount: unknown) => Money): Serializer {
  const is = (value: object): boolean => value instanceof Money;
  const encode = ({ amount }: Money): number => amount;
  return createJsonSerializer({ types: [{ name: 'money', is, encode, decode }] });
}

/** An application whose values not everybody can read who has it: slots do. */
export function slotApp(serializer: Serializer): Ctq {
  const app = new Ctq('slots', { broker: 'memory://', backend: 'memory://', serializers: [serializer] });
  app.task('slots.returns', () => 42);
  const prepared: string[] = [];
  app.signals.workerProcessInit.connect(async ({ sender, pid }) => {
    // Tasks wait for what is prepared.
    await new Promise((resolve) => setImmediate(resolve));
    prepared.push(`${sender} ${pid === process.pid}`);
  });
  app.signals.workerProcessShutdown.connect(({ sender }) => app.kernel.logger.info(`${sender} is left`));
  app.task('slots.prepared', () => prepared);
  app.task('slots.where', () => [process.pid, threadId]);
  app.task('slots.returnsLarge', { ignoreResult: true }, () => Array.from({ length: 10_000 }, () => 'many'));
  app.task('slots.earns', () => new Money(42));
  app.task('slots.earnsAgain', { bind: true }, (ctx): number => ctx.retry({ args: [new Money(42)] }));
  app.task('slots.retriesStrangely', { bind: true }, (ctx): number =>
    ctx.retry({ options: { headers: { strange: () => 1 } } }),
  );
  app.task('slots.diesAsTwelfth', { bind: true }, ({ log, request: { id } }) => {
    log.info(`${id} runs`);
    // oxlint-disable-next-line node/no-process-exit -- what is tested
    if (id === 'id-12') process.exit(3);
    return id;
  });
  app.task('slots.blocks', (): number => {
    writeSync(1, 'blocks\n');
    // oxlint-disable-next-line no-constant-condition -- what is tested
    for (;;);
  });
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

export const app: Ctq = slotApp(moneySerializer((amount) => new Money(amount as number)));
