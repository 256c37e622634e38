import { ranTests, type TestReport } from '@ctq/tooling/test-report';
import { type BrokerName, brokerNames } from '../brokers.js';

/** Tests that say of themselves that they show a feature in a direction. */
export interface Evidence {
  /** Name of the file, without its folder; of several the first by name, in whichever order they ran. */
  readonly file: string;
  readonly passed: number;
  readonly failed: number;
}

const TAG = /\{([a-z, ]+ → [a-z]+): ([^{}]+)\}/g;

/**
 * By `evidenceKey`, from titles such as `…, over RabbitMQ … {python → ctq: args, result}`: without a broker it is Redis. Skipped tests show nothing.
 */
export function collectEvidence(report: TestReport): ReadonlyMap<string, Evidence> {
  const found = new Map<string, Evidence>();
  for (const { file: path, title, passed } of ranTests(report)) {
    const file = path.split(/[\\/]/).at(-1) ?? path;
    const outcome = passed ? 'passed' : 'failed';
    for (const key of keysIn(title)) {
      const before = found.get(key) ?? { file, passed: 0, failed: 0 };
      const first = file < before.file ? file : before.file;
      found.set(key, { ...before, file: first, [outcome]: before[outcome] + 1 });
    }
  }
  return found;
}

/** How evidence is called. */
export function evidenceKey(direction: string, feature: string, broker: BrokerName): string {
  return `{${direction}: ${feature}}${overBroker(broker)}`;
}

/** Whether the report has tests of this app that ran, over every broker: without one they are skipped, and there is nothing to compare. */
export function hasEvidence(report: TestReport): boolean {
  const keys = [...collectEvidence(report).keys()];
  return brokerNames.every((broker) => keys.some((key) => key.endsWith(overBroker(broker))));
}

function keysIn(title: string): ReadonlySet<string> {
  const keys = new Set<string>();
  const broker = brokerNames.find((name) => title.includes(`, over ${name} `)) ?? 'Redis';
  for (const [, direction = '', features = ''] of title.matchAll(TAG)) {
    for (const feature of features.split(', ')) keys.add(evidenceKey(direction, feature, broker));
  }
  return keys;
}

function overBroker(broker: BrokerName): string {
  return ` over ${broker}`;
}
