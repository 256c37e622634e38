import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Ctq } from '../app/ctq.js';
import { censor, maskText } from './censor.js';
import type { SettingsInput } from './settings.js';

/** Starts and ends with what is looked for, and has what is awkward in URLs in between. */
const password = fc
  .string({
    unit: fc.constantFrom(
      'aZ0',
      ...['@', ':', '/', '?', '#', ';', ',', '&', '=', '%', '[', ']', '+', ' ', '$', '!', '-', '|'],
    ),
  })
  .map((middle) => `hunter${middle}reppus`);
const shows = (text: string): boolean => /hunter|reppus/.test(text);

const host = fc.constantFrom('h', 'broker.example:6379', '10.0.0.1:5672', '[::1]:6379', 'a:1,b:2,c:3');
const scheme = fc.constantFrom('redis', 'rediss', 'amqp', 'sentinel', 'mongodb+srv', 'db+postgresql', 'https');
const path = fc.constantFrom('', '/', '/0', '//', '/vhost?heartbeat=1', '?ssl_cert_reqs=required');
const user = fc.constantFrom('', 'shop', 'user%40corp');
const escaped = fc
  .tuple(scheme, user, password, host, path)
  .map(([one, name, secret, where, rest]) => `${one}://${name}:${encodeURIComponent(secret)}@${where}${rest}`);
const inQuery = fc
  .tuple(scheme, host, fc.constantFrom('password', 'api_key', 'authToken', 'aws_secret'), password)
  .map(([one, where, name, secret]) => `${one}://${where}/0?${name}=${encodeURIComponent(secret)}&x=1`);
/** A password that nobody escaped, alone in its text. */
const raw = fc
  .tuple(scheme, user, password, fc.constantFrom('h', 'broker.example'), fc.constantFrom('', '/0'))
  .map(([one, name, secret, where, rest]) => `${one}://${name}:${secret}@${where}${rest}`);

const secretName = fc.constantFrom(
  ...['password', 'redisPassword', 'api_key', 'accessToken', 'client_secret', 'passphrase', 'AUTHORIZATION', 'pwd'],
  ...['signature', 'credentials', 'privateKey', 'pfx', 'database'],
);
const innocentName = fc.constantFrom('host', 'sentinelKwargs', 'options', 'tls', 'url', 'nodes', 'region', 'retry');
const url = fc.oneof(escaped, inQuery);

/** Something of any shape in which there are secrets, each where somebody would put one. */
const withSecrets = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    url,
    fc.tuple(url, url).map((urls) => urls.join(';')),
    fc.array(url, { maxLength: 3 }),
    url.map((one) => new Map([['node', one]])),
    url.map((one) => new Set([one])),
    password.map((secret) => ({ [`${secret.length}`]: { password: secret } })),
    password.map((secret) => [['authorization', secret]]),
    password.map((secret) => ({
      provide: () => secret,
      buffer: new (class Vault {
        value = secret;
      })(),
    })),
    fc.dictionary(innocentName, tie('value'), { maxKeys: 3 }),
    fc.tuple(secretName, password).map(([name, secret]) => ({ [name]: secret })),
    fc.tuple(secretName, password).map(([name, secret]) => ({ [name]: { of: [secret] } })),
    fc.array(tie('value'), { maxLength: 3 }),
  ),
})).value;

describe('settings that people see', () => {
  test('have no password of a URL in them [ST-011, SD-275, RC-003]', () => {
    fc.assert(fc.property(fc.oneof(url, raw), (text) => !shows(maskText(text))));
    fc.assert(
      fc.property(
        fc.array(url, { minLength: 1, maxLength: 4 }),
        fc.constantFrom(';', ',', ' ', '|', '; '),
        (urls, between) => !shows(maskText(urls.join(between))),
      ),
    );
  });

  test('have no secret in them, however deep it is [ST-011, SD-275, RC-003]', () => {
    fc.assert(
      fc.property(withSecrets, (value) => {
        const seen = censor('brokerTransportOptions', value);
        return !shows(inspect(seen, { depth: 20, showHidden: true })) && !shows(JSON.stringify(seen) ?? '');
      }),
      { numRuns: 500 },
    );
  });

  test('of an app have no secret in them, wherever it was given [ST-011, ST-013, SD-273, SD-275]', () => {
    const settings = fc.record<SettingsInput>(
      {
        brokerUrl: fc.oneof(raw, url, fc.array(url, { minLength: 1 })),
        broker_read_url: url,
        resultBackend: fc.oneof(raw, url),
        brokerPassword: password,
        redis_password: password,
        redisBackendCredentialProvider: password.map((secret) => () => ({ password: secret })),
        brokerUseSsl: password.map((secret) => ({ keyfile: '/k', password: secret, pfx: Buffer.from(secret) })),
        securityKeyPassword: fc.oneof(
          password,
          password.map((secret) => Buffer.from(secret)),
        ),
        mongodbBackendSettings: password.map((secret) => ({
          host: `mongodb://u:${encodeURIComponent(secret)}@h`,
          password: secret,
        })),
        brokerTransportOptions: withSecrets.map((value) => ({ value })),
        CELERY_RESULT_BACKEND_TRANSPORT_OPTIONS: withSecrets.map((value) => ({ value })),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(settings, (given) => {
        const { conf } = new Ctq('shop', given);
        for (const withDefaults of [false, true]) {
          expect(shows(conf.humanize({ withDefaults }))).toBe(false);
          expect(shows(inspect(conf.table({ withDefaults }), { depth: 20 }))).toBe(false);
        }
        expect(shows(inspect(conf, { depth: 20 }))).toBe(false);
      }),
    );
  });

  test.each([
    ['brokerUrl', 'redis://shop:secret@h:6379/1', 'redis://shop:**@h:6379/1'],
    ['broker_url', 'amqp://a:1@h1;amqp://b:2@h2', 'amqp://a:**@h1;amqp://b:**@h2'],
    ['brokerHost', 'shop:secret@h:5672', 'shop:**@h:5672'],
    ['brokerUrl', 'redis://:secret', 'redis://**'],
    ['resultBackend', 'mongodb://u:p@a:1,b:2/db', 'mongodb://u:**@a:1,b:2/db'],
    ['resultBackend', 'db+sqlite:///results.db', 'db+sqlite:///results.db'],
    ['resultBackend', 'rpc', 'rpc'],
    ['taskDefaultQueue', 'main', 'main'],
    ['note', 'AccountName=shop;AccountKey=abc==;Suffix=x', 'AccountName=shop;AccountKey=**;Suffix=x'],
    ['note', "host=h password='a b' dbname=d", 'host=h password=** dbname=d'],
    ['redisPassword', 'secret', '********'],
    ['redisPassword', undefined, undefined],
    ['REDIS_PASSWORD', 'secret', '********'],
    ['workerConcurrency', 8, 8],
    ['tls', { key: 'PEM', servername: 'h' }, { key: '********', servername: 'h' }],
    ['nodes', [{ host: 'a', password: 'x' }], [{ host: 'a', password: '********' }]],
    ['url', new URL('redis://u:p@h/0'), 'redis://u:**@h/0'],
  ])('%s: %j is shown as %j [RC-003]', (name, value, shown) => {
    expect(censor(name, value)).toEqual(shown);
  });

  test('name what is no plain data, and what contains itself', () => {
    const endless: Record<string, unknown> = { of: 'itself' };
    endless['again'] = endless;
    const shown = inspect(censor('options', { pick: () => 1, made: new Vault(), endless }), {
      depth: 9,
      breakLength: 500,
    });
    expect(shown).toBe("{ pick: [pick], made: [Vault], endless: { of: 'itself', again: [Circular] } }");
  });
});

class Vault {
  readonly value = 'secret';
}
