import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { queue, TransportConnectionError } from '@ctq/messaging';
import { silentLogger, systemClock } from '@ctq/runtime';
import { type Certificates, makeCertificates, type PrivateRabbit, startRabbitServer } from '@ctq/test-services';
import { describeWithPrograms } from '@ctq/test-services/vitest';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Program } from './__fixtures__/program.js';
import type { AmqpOptions } from './amqp-options.js';
import { amqp, createTransport } from './amqp-transport.js';

describeWithPrograms(['rabbitmq-server', 'openssl'], 'Over TLS with an authority of its own, RabbitMQ', () => {
  let folder: string;
  let rabbit: PrivateRabbit;
  let ours: Certificates;
  let theirs: Certificates;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ctq-amqp-tls-'));
    ours = await makeCertificates(folder, 'ours');
    theirs = await makeCertificates(folder, 'theirs');
    rabbit = await startRabbitServer({
      tls: { ...ours, asksForCertificate: true },
      // Who shows our client's certificate is the user 'client', who has no password.
      plugins: ['rabbitmq_auth_mechanism_ssl'],
      users: [{ name: 'client' }, { name: 'shop', password: 'sesame' }],
      config: {
        'auth_mechanisms.1': 'PLAIN',
        'auth_mechanisms.2': 'EXTERNAL',
        ssl_cert_login_from: 'common_name',
      },
    });
  }, 120_000);
  afterAll(async () => {
    await rabbit.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const address = (login = '', host = 'localhost'): string => `amqps://${login}${host}:${rabbit.port}/`;
  const certificateOf = ({ client }: Certificates) => ({ sslCertfile: client.certificate, sslKeyfile: client.key });
  const connect = async (options: AmqpOptions): Promise<unknown> => {
    const context = { clock: systemClock, logger: silentLogger };
    const connection = await amqp(options).connect(context, AbortSignal.timeout(10_000));
    await connection.close();
    return 'connected';
  };
  const refusal = async (options: AmqpOptions): Promise<unknown> =>
    await connect(options).catch((error: unknown) => error);
  /** Who is logged in, as the broker sees it. */
  const users = async (): Promise<string[]> => {
    const listed = await rabbit.ctl('list_connections', '--silent', 'user', 'auth_mechanism', 'ssl');
    return [...new Set(listed.trim().split('\n'))];
  };

  test('takes who trusts its authority and has a certificate of it, by files or by the URL', {
    timeout: 60_000,
  }, async () => {
    const byFiles = amqp({ url: address('shop:sesame@'), sslCaCerts: ours.authority, ...certificateOf(ours) });
    const program = await Program.start(byFiles, [queue('by-files')]);
    await program.publish('hello');
    await program.arrivals(['hello']);
    expect(await users()).toEqual(['shop\tPLAIN\ttrue']);

    const query = new URLSearchParams({
      ssl_ca_certs: ours.authority,
      ssl_certfile: ours.client.certificate,
      ssl_keyfile: ours.client.key,
    });
    const byUrl = createTransport(`${address('shop:sesame@')}?${query.toString()}`);
    const other = await Program.start(byUrl, [queue('by-url')]);
    await other.publish('hello');
    await other.arrivals(['hello']);
  });

  test('logs in who has a certificate and names no user by the certificate (EXTERNAL) [MS-121]', {
    timeout: 60_000,
  }, async () => {
    const program = await Program.start(amqp({ url: address(), sslCaCerts: ours.authority, ...certificateOf(ours) }), [
      queue('external'),
    ]);
    await program.publish('hello');
    await program.arrivals(['hello']);
    expect(await users()).toEqual(['client\tEXTERNAL\ttrue']);
  });

  test('is refused by who does not trust its authority, or when it is not for the host, and trying again does not help', async () => {
    const login = 'shop:sesame@';
    const strange = await refusal({ url: address(login), sslCaCerts: theirs.authority, ...certificateOf(ours) });
    expect(strange).toBeInstanceOf(TransportConnectionError);
    expect(strange).toMatchObject({ recoverable: false, message: expect.stringMatching(/certificate/) });
    const unknown = await refusal({ url: address(login), ...certificateOf(ours) });
    expect(unknown).toMatchObject({ recoverable: false, message: expect.stringMatching(/certificate/) });
    const elsewhere = await refusal({
      url: address(login, '127.0.0.1'),
      sslCaCerts: ours.authority,
      ...certificateOf(ours),
    });
    expect(elsewhere).toMatchObject({ recoverable: false, message: expect.stringContaining('127.0.0.1') });
    for (const error of [strange, unknown, elsewhere]) expect(String(error)).not.toContain('sesame');

    const unchecked = { url: address(login, '127.0.0.1'), sslCertReqs: 'none', ...certificateOf(ours) } as const;
    await expect(connect(unchecked)).resolves.toBe('connected');
    const unnamed = {
      url: address(login, '127.0.0.1'),
      sslCaCerts: ours.authority,
      sslCheckHostname: false,
      ...certificateOf(ours),
    };
    await expect(connect(unnamed)).resolves.toBe('connected');
  });

  test('refuses who has no certificate, or one of another authority, or a wrong password', async () => {
    const login = { url: address('shop:sesame@'), sslCaCerts: ours.authority };
    const without = await refusal(login);
    expect(without).toMatchObject({
      name: 'TransportConnectionError',
      message: expect.stringMatching(/certificate required/),
    });
    const foreign = await refusal({ ...login, ...certificateOf(theirs) });
    expect(foreign).toMatchObject({
      name: 'TransportConnectionError',
      message: expect.stringMatching(/unknown ca|certificate/i),
    });
    const wrong = await refusal({ url: address('shop:open@'), sslCaCerts: ours.authority, ...certificateOf(ours) });
    expect(wrong).toMatchObject({ recoverable: false, message: expect.stringMatching(/ACCESS[-_]REFUSED/) });
    expect(String(wrong)).not.toContain('open@');
  });

  test('does not speak with who does not speak TLS', async () => {
    const plain = await refusal({ url: `amqp://shop:sesame@localhost:${rabbit.port}/` });
    expect(plain).toBeInstanceOf(TransportConnectionError);
    expect(String(plain)).not.toContain('sesame');
  });
});
