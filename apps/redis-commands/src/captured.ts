import type { WireVector } from '@ctq/wire-vectors';
import { type Step, stepOf } from './steps.js';

type Argument = string | { readonly $payload_of_message: number };

interface CapturedCommand {
  readonly cmd: readonly Argument[];
}

/** The steps of a capture, each once. */
export function capturedSteps({ raw }: WireVector): ReadonlySet<Step> {
  const steps = new Set<Step>();
  for (const { cmd } of commandsOf(raw)) {
    const [name = '', ...args] = cmd.map((argument) => (typeof argument === 'string' ? argument : '{"body": "'));
    const step = stepOf(name, args);
    if (step !== undefined) steps.add(step);
  }
  return steps;
}

function commandsOf(raw: unknown): readonly CapturedCommand[] {
  if (Array.isArray(raw)) return raw.filter(isCommand);
  const { commands, backend_commands: ofBackend } = raw as Readonly<Record<string, unknown>>;
  const found = commands ?? ofBackend;
  return Array.isArray(found) ? found.filter(isCommand) : [];
}

function isCommand(value: unknown): value is CapturedCommand {
  return typeof value === 'object' && value !== null && 'cmd' in value;
}
