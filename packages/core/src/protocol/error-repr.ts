import { saferepr } from './args-repr.js';

/** What is longer is cut, as the arguments in a message are. */
const maxLength = 1_024;

/** As Python shows an exception: `ValueError('no such order')`. */
export function errorRepr({ name, message }: Error): string {
  if (message === '') return `${name}()`;
  return `${name}(${message.length > maxLength ? saferepr(message) : textRepr(message)})`;
}

const named: ReadonlyMap<string, string> = new Map([
  ['\n', String.raw`\n`],
  ['\r', String.raw`\r`],
  ['\t', String.raw`\t`],
]);

/** Python's `repr` of text: in double quotes where that saves it from escaping single ones. */
function textRepr(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  // oxlint-disable-next-line no-control-regex -- they are what has to be escaped
  const escaped = text.replaceAll(/[\\'"\u0000-\u001f\u007f]/g, (character) => {
    if (character === '\\' || character === quote) return `\\${character}`;
    if (character === "'" || character === '"') return character;
    return named.get(character) ?? `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
  return `${quote}${escaped}${quote}`;
}
