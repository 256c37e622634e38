import type { ResultBackend } from '../backend/result-backend.js';
import type { Configuration } from '../config/configuration.js';
import { contradiction } from '../config/resolve-settings.js';
import type { SettingsInput } from '../config/settings.js';
import type { BrokerOption } from './app-broker.js';

/** Broker and backend as the settings that URLs of them are; objects are no settings. */
export function urlSettings(
  broker: BrokerOption | undefined,
  backend: string | ResultBackend | undefined,
): Pick<SettingsInput, 'brokerUrl' | 'resultBackend'> {
  return {
    ...(areUrls(broker) ? { brokerUrl: broker } : {}),
    ...(typeof backend === 'string' ? { resultBackend: backend } : {}),
  };
}

export function areUrls(broker: BrokerOption | undefined): broker is string | readonly string[] {
  return typeof broker === 'string' || (Array.isArray(broker) && broker.every((one) => typeof one === 'string'));
}

/** What a constructor is given as settings and as `broker` and `backend` has to agree. @throws ConfigurationError */
export function addConstructorSettings(
  configuration: Configuration,
  settings: SettingsInput,
  urls: ReturnType<typeof urlSettings>,
  source: string,
): void {
  configuration.add('changed', settings, { source });
  const { brokerUrl, resultBackend } = configuration.changes;
  configuration.add('changed', urls, { source });
  const after = configuration.changes;
  if (brokerUrl !== undefined && brokerUrl !== after.brokerUrl) throw contradiction('broker', 'brokerUrl', source);
  if (resultBackend !== undefined && resultBackend !== after.resultBackend)
    throw contradiction('backend', 'resultBackend', source);
}
