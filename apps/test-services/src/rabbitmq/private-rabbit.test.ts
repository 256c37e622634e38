import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { isListening } from '../probes/is-listening.js';
import { probes } from '../probes/probes.js';
import { describeWithPrograms } from '../vitest.js';
import { startRabbitServer } from './private-rabbit.js';

// A node needs five seconds to start on two idle cores, and rabbitmqctl one.
describeWithPrograms(['rabbitmq-server'], "a test's own RabbitMQ", () => {
  test('can be frozen, run out of memory, lose its broker and be killed; comes back with its data, and leaves nothing when it is stopped', async () => {
    const rabbit = await startRabbitServer({ vhosts: ['declared'] });
    rabbit.freeze();
    const answer = probes.amqp(rabbit.url).then(() => 'an answer');
    const early = await Promise.race([answer, new Promise((resolve) => setTimeout(resolve, 200, 'nothing'))]);
    expect(early).toBe('nothing');
    rabbit.thaw();
    expect(await answer).toBe('an answer');

    const alarms = async (): Promise<string> => await rabbit.ctl('eval', 'rabbit_alarm:get_alarms().');
    await rabbit.alarm();
    expect(await alarms()).toContain('resource_limit,memory');
    await rabbit.calm();
    expect(await alarms()).not.toContain('resource_limit,memory');

    await rabbit.stopApp();
    await expect(probes.amqp(rabbit.url)).rejects.toThrow('ECONNREFUSED');
    await rabbit.startApp();
    await probes.amqp(rabbit.url);

    await rabbit.ctl('add_vhost', 'added');
    await rabbit.kill();
    expect(await isListening(rabbit.port)).toBe(false);
    await rabbit.startAgain({ config: { consumer_timeout: 12_000 } });
    await probes.amqp(rabbit.url);
    const vhosts = (await rabbit.ctl('list_vhosts', '--silent')).split('\n');
    expect(vhosts).toEqual(expect.arrayContaining(['/', 'declared', 'added']));
    expect(await rabbit.ctl('environment')).toContain('{consumer_timeout,12000}');
    // A frozen one can be stopped too.
    rabbit.freeze();
    await Promise.all([rabbit.stop(), rabbit.stop()]);
    expect(await isListening(rabbit.port)).toBe(false);
    expect(existsSync(rabbit.folder)).toBe(false);
  }, 180_000);

  test('says what is wrong with its configuration', async () => {
    await expect(startRabbitServer({ config: { 'listeners.tcp.1': 'nonsense' } })).rejects.toThrow(
      /ended before it was ready[^]*nonsense/,
    );
  }, 180_000);
});
