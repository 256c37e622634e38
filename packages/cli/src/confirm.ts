import { createInterface } from 'node:readline/promises';

/** Asks on the terminal. Only a yes is one: neither silence nor the end of the input is. */
export async function confirmed(question: string): Promise<boolean> {
  const asking = createInterface({ input: process.stdin, output: process.stdout });
  const ended = new Promise<string>((resolve) => void asking.once('close', () => resolve('')));
  try {
    return /^y(?:es)?$/i.test((await Promise.race([asking.question(question), ended])).trim());
  } finally {
    asking.close();
  }
}
