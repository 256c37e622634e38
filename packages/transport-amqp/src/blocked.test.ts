import { openConnection, PublishTimeoutError, queue } from '@ctq/messaging';
import { createLogger, type LogRecord } from '@ctq/runtime';
import { startRabbitServer } from '@ctq/test-services';
import { describeWithPrograms } from '@ctq/test-services/vitest';
import { expect, onTestFinished, test } from 'vitest';
import { eventually, Program, textMessage } from './__fixtures__/program.js';
import { amqp } from './amqp-transport.js';

describeWithPrograms(['rabbitmq-server'], 'While RabbitMQ has no memory left [MS-125]', () => {
  test('publishes wait for it or for their deadline, consumers go on, and all goes on when it has', {
    timeout: 180_000,
  }, async () => {
    await using rabbit = await startRabbitServer();
    const transport = amqp({ url: rabbit.url });
    const work = queue('work');
    const logs: LogRecord[] = [];
    const logger = createLogger((record) => logs.push(record));
    const connection = openConnection({ transport, logger });
    onTestFinished(() => connection.close());
    const changes: unknown[] = [];
    connection.onStateChange((change) => changes.push(change));
    const publish = (text: string, timeoutMs: number): Promise<void> =>
      connection.producer.publish(
        textMessage(text),
        { exchange: '', routingKey: 'work' },
        { declare: [work], timeoutMs },
      );
    const before = Array.from({ length: 30 }, (_, n) => `before ${n}`);
    await Promise.all(before.map((text) => publish(text, 10_000)));
    changes.length = 0;

    await rabbit.alarm();
    const patient = publish('patient', 120_000);
    let isPublished = false;
    void patient.then(() => {
      isPublished = true;
    });
    const error = await publish('impatient', 1_000).catch((thrown: unknown) => thrown);
    // The broker was asked, and did not say.
    expect(error).toBeInstanceOf(PublishTimeoutError);
    expect(error).toMatchObject({
      code: 'CTQ_PUBLISH_UNKNOWN',
      outcome: 'unknown',
      message: expect.stringContaining('1000 ms'),
    });
    expect(logs.map(({ message }) => message).join('\n')).toMatch(/takes no messages for now: low on memory/);

    // Three times as many as it may hold: it acknowledges.
    const program = await Program.start(transport, [work]);
    await program.arrivals(before);
    // Longer than a silent broker is believed to be alive.
    await new Promise((resolve) => setTimeout(resolve, 10_000));
    expect(isPublished).toBe(false);
    expect(program.got).not.toContain('patient');

    await rabbit.calm();
    await patient;
    await program.arrivals(['patient']);
    await publish('after', 10_000);
    await program.arrivals(['after']);
    await eventually(() => logs.some(({ message }) => message.includes('takes messages again')));
    expect(program.events).toEqual([]);
    expect(program.got.filter((text) => text === 'patient')).toEqual(['patient']);
    // It was the same connection all the time.
    expect(changes).toEqual([]);
  });
});
