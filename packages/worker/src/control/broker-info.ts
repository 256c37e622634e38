import { censor, type Settings } from '@ctq/core';
import type { Transport } from '@ctq/messaging/transport';
import { durationMs } from '@ctq/runtime';
import { plainValue } from './plain-value.js';

/** Where a transport leads, without its password, as Kombu tells of a connection (kombu 5.6 connection.py, Connection.info; celery 5.6 worker/consumer/connection.py, info). */
export function brokerInfo(transport: Transport, settings: Settings): Readonly<Record<string, unknown>> {
  const { brokerHeartbeat, brokerConnectionTimeout, brokerTransportOptions, brokerLoginMethod, brokerUseSsl } =
    settings;
  const [first = '', ...alternates] = transport.url.split(';');
  const { hostname, userid, port, virtualHost, isTls, isAmqp } = partsOf(first);
  return {
    hostname,
    userid,
    virtual_host: virtualHost,
    port,
    insist: false,
    ssl: isTls || (brokerUseSsl !== undefined && brokerUseSsl !== false),
    transport: transport.name,
    connect_timeout: seconds(brokerConnectionTimeout),
    transport_options: plainValue(censor('brokerTransportOptions', brokerTransportOptions ?? {})),
    // kombu 5.6 transport/pyamqp.py, default_connection_params.
    login_method: brokerLoginMethod ?? (isAmqp ? 'PLAIN' : null),
    uri_prefix: null,
    heartbeat: seconds(brokerHeartbeat),
    failover_strategy: strategyName(settings.brokerFailoverStrategy),
    alternates,
    credential_provider: null,
  };
}

/** A program's own is a function. */
function strategyName(strategy: Settings['brokerFailoverStrategy']): string {
  if (typeof strategy === 'function') return strategy.name;
  return strategy ?? 'round-robin';
}

interface UrlParts {
  readonly hostname: string | null;
  readonly userid: string | null;
  readonly port: number | null;
  readonly virtualHost: string | null;
  readonly isTls: boolean;
  readonly isAmqp: boolean;
}

/** Not every transport leads to a host: a file is its virtual host. */
function partsOf(url: string): UrlParts {
  const [, scheme = '', authority = '', path = ''] = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)([^?#]*)/i.exec(url) ?? [];
  const at = authority.lastIndexOf('@');
  const [userid = ''] = authority.slice(0, Math.max(0, at)).split(':');
  const [, hostname = '', port] = /^(\[[^\]]*\]|[^:]*)(?::(\d+))?/.exec(authority.slice(at + 1)) ?? [];
  const isAmqp = scheme.startsWith('amqp');
  return {
    hostname: orNull(hostname),
    userid: orNull(userid),
    port: port === undefined ? null : Number(port),
    virtualHost: isAmqp && (path === '' || path === '/') ? '/' : orNull(decoded(path.replace(/^\//, ''))),
    isAmqp,
    isTls: /^(?:amqps|rediss|valkeys)$/i.test(scheme),
  };
}

function orNull(text: string): string | null {
  return text === '' ? null : text;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function seconds(duration: Parameters<typeof durationMs>[0] | null | undefined): number | null {
  return duration === null || duration === undefined ? null : durationMs(duration) / 1_000;
}
