import type { Settings } from '../config/settings.js';
import { knownSchemes } from './adapter-schemes.js';
import type { DefaultsOf } from './adapters.js';

/** What settings say of the broker beside its URL and `brokerTransportOptions`. */
export function brokerDefaults(settings: Settings): DefaultsOf {
  const tls = settings.brokerUseSsl === false ? {} : { tls: settings.brokerUseSsl };
  return (scheme) =>
    knownSchemes[scheme]?.transport === amqpTransport ? { ...tls, ...given(amqpDefaults(settings)) } : tls;
}

const amqpTransport = knownSchemes['amqp']?.transport;

function amqpDefaults(settings: Settings): Readonly<Record<string, unknown>> {
  return {
    // Python's None is no heartbeat.
    heartbeat: settings.brokerHeartbeat ?? 0,
    loginMethod: settings.brokerLoginMethod,
    delayedQueueType: settings.brokerNativeDelayedDeliveryQueueType,
  };
}

/** What settings say of the result store beside its URL and `resultBackendTransportOptions`: Celery's `redis_…` are for stores of that kind. */
export function backendDefaults(settings: Settings): DefaultsOf {
  return (scheme) => (knownSchemes[scheme]?.backend === redisBackend ? given(redisDefaults(settings)) : {});
}

const redisBackend = knownSchemes['redis']?.backend;

function redisDefaults(settings: Settings): Readonly<Record<string, unknown>> {
  const { redisBackendUseSsl } = settings;
  return {
    tls: redisBackendUseSsl === false ? undefined : redisBackendUseSsl,
    host: settings.redisHost,
    port: settings.redisPort,
    db: settings.redisDb,
    username: settings.redisUsername,
    password: settings.redisPassword,
    // Celery takes 0 for no limit.
    maxConnections: settings.redisMaxConnections === 0 ? undefined : settings.redisMaxConnections,
    socketTimeout: settings.redisSocketTimeout,
    connectTimeout: settings.redisSocketConnectTimeout,
    retryOnTimeout: settings.redisRetryOnTimeout,
    socketKeepalive: settings.redisSocketKeepalive,
    healthCheckInterval: settings.redisBackendHealthCheckInterval,
    credentialProvider: settings.redisBackendCredentialProvider,
    clientName: settings.redisClientName,
  };
}

function given(options: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}
