import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { isListening } from '../probes/is-listening.js';
import { probes } from '../probes/probes.js';
import { describeWithPrograms } from '../vitest.js';
import { startRabbitServer } from './private-rabbit.js';
import { startRabbitCluster } from './rabbit-cluster.js';

// A node needs five seconds to start on two idle cores, and rabbitmqctl one.
describeWithPrograms(['rabbitmq-server'], "a test's own RabbitMQ", () => {
  test('answers nobody while it is frozen, runs out of memory when it is told to, and has a broker that can be stopped', async () => {
    await using rabbit = await startRabbitServer();
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
  }, 180_000);

  test('comes back after a kill, on its port and with its data, and leaves nothing when it is stopped', async () => {
    const rabbit = await startRabbitServer({ vhosts: ['declared'] });
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

  test('has company, of which one can be missing for a while', async () => {
    await using cluster = await startRabbitCluster(3);
    const [first, second] = cluster.nodes;
    const runningAt = async (): Promise<unknown> => {
      const status = await first?.ctl('cluster_status', '--formatter', 'json');
      return (JSON.parse(status ?? '{}') as { running_nodes?: string[] }).running_nodes;
    };
    expect(await runningAt()).toHaveLength(3);
    await second?.kill();
    expect(await runningAt()).toHaveLength(2);
    await second?.startAgain();
    expect(await runningAt()).toHaveLength(3);
  }, 240_000);

  test('says what is wrong with its configuration', async () => {
    await expect(startRabbitServer({ config: { 'listeners.tcp.1': 'nonsense' } })).rejects.toThrow(
      /ended before it was ready[^]*nonsense/,
    );
  }, 180_000);
});
