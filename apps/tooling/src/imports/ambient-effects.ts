import { lineAt } from './find-imports.js';
import { maskSource } from './mask-source.js';
import { type Finding, packageOf, type SourceFile } from './source-file.js';

type Effect = 'environment' | 'signals' | 'output' | 'exit';

const EFFECTS: readonly { effect: Effect; pattern: RegExp; advice: string }[] = [
  {
    effect: 'environment',
    pattern: /\bprocess\s*(?:\?\.|\.)\s*env\b|\{[^{}]*\benv\b[^{}]*\}\s*(?:=\s*process\b|from\s*'node:process')/g,
    advice: 'reads the environment: take the value as an option',
  },
  {
    effect: 'signals',
    pattern:
      /\bprocess\s*\.\s*(?:on|once|addListener|prependListener)\s*\(\s*['"](?:SIG[A-Z0-9]+|exit|beforeExit|uncaughtException\w*|unhandledRejection)['"]/g,
    advice: 'installs a process-wide handler: expose a method and let @ctq/cli call it',
  },
  {
    effect: 'output',
    pattern: /\bprocess\s*\.\s*(?:stdout|stderr)\b|\bconsole\s*\./g,
    advice: 'writes to the terminal: use the logger',
  },
  {
    effect: 'exit',
    pattern: /\bprocess\s*\.\s*(?:exit|exitCode|abort|reallyExit)\b/g,
    advice: 'ends the process: throw, or report through `failed`, and let @ctq/cli decide',
  },
];

/** Files that may do one of these things, each with its reason. The CLI may do all of them. */
const EXCEPTIONS: Readonly<Record<string, readonly Effect[]>> = {
  // The program of a pool's child process, which leaves when its worker does.
  'packages/worker/src/pool/slots/slot-entry.ts': ['signals', 'exit'],
  // Tasks of the pools' kit that take their process down, after a word.
  'packages/worker/src/pool/conformance/kit-app.ts': ['output', 'exit'],
  // The app's two URLs: client scripts and workers agree without repeating them (CTQ_BROKER_URL, CTQ_RESULT_BACKEND).
  'packages/core/src/app/environment.ts': ['environment'],
};

/** Library code that touches what belongs to the program: environment, signals, terminal, exit. */
export function checkAmbientEffects(sources: readonly SourceFile[]): Finding[] {
  const findings: Finding[] = [];
  for (const { path, text } of sources) {
    if (packageOf(path) === 'cli') continue;
    const code = maskSource(text, { strings: 'keep' });
    const bare = maskSource(text, { strings: 'blank' });
    for (const { effect, pattern, advice } of EFFECTS) {
      if (EXCEPTIONS[path]?.includes(effect)) continue;
      for (const { index } of code.matchAll(pattern)) {
        const inString = bare[index] !== code[index];
        if (!inString) findings.push({ path, line: lineAt(code, index), message: advice });
      }
    }
  }
  return findings;
}
