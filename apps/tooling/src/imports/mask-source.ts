/**
 * TypeScript source with everything blanked that is not code, so that a regular expression can read it.
 *
 * Comments, regular expressions and the text of templates become spaces; line breaks and offsets stay as they are.
 * String literals are kept, because import specifiers are strings, or blanked with `strings: 'blank'`.
 */
export function maskSource(source: string, { strings }: { strings: 'keep' | 'blank' }): string {
  const out = source.split('');
  const blank = (from: number, to: number): void => {
    for (let i = from; i < to; i += 1) if (source[i] !== '\n') out[i] = ' ';
  };
  /** Depth of `{` inside each open `${`; the innermost last. */
  const substitutions: number[] = [];
  let position = 0;

  const skipTemplate = (from: number): void => {
    const end = templateTextEnd(source, from);
    blank(from, end);
    if (source.startsWith('${', end)) {
      substitutions.push(0);
      position = end + 2;
    } else {
      position = end + 1;
    }
  };

  while (position < source.length) {
    const char = source.charAt(position);
    if (source.startsWith('//', position)) {
      const end = endOf(source, '\n', position);
      blank(position, end);
      position = end;
    } else if (source.startsWith('/*', position)) {
      const end = endOf(source, '*/', position + 2) + 2;
      blank(position, end);
      position = end;
    } else if (char === "'" || char === '"') {
      const end = quotedEnd(source, position, char);
      if (strings === 'blank') blank(position + 1, end - 1);
      position = end;
    } else if (char === '`') {
      skipTemplate(position + 1);
    } else if (char === '/' && startsRegExp(source, position)) {
      const end = regExpEnd(source, position);
      blank(position, end);
      position = end;
    } else if (char === '{' && substitutions.length > 0) {
      substitutions.push((substitutions.pop() ?? 0) + 1);
      position += 1;
    } else if (char === '}' && substitutions.length > 0) {
      const depth = substitutions.pop() ?? 0;
      if (depth === 0) {
        skipTemplate(position + 1);
      } else {
        substitutions.push(depth - 1);
        position += 1;
      }
    } else {
      position += 1;
    }
  }
  return out.join('');
}

function endOf(source: string, text: string, from: number): number {
  const index = source.indexOf(text, from);
  return index === -1 ? source.length : index;
}

/** The offset behind the closing quote, or the end of the line where it is missing. */
function quotedEnd(source: string, start: number, quote: string): number {
  for (let i = start + 1; i < source.length; i += 1) {
    if (source[i] === '\\') i += 1;
    else if (source[i] === quote) return i + 1;
    else if (source[i] === '\n') return i;
  }
  return source.length;
}

/** The offset of the closing backtick or of the next `${`. */
function templateTextEnd(source: string, start: number): number {
  for (let i = start; i < source.length; i += 1) {
    if (source[i] === '\\') i += 1;
    else if (source[i] === '`' || source.startsWith('${', i)) return i;
  }
  return source.length;
}

/** A slash divides after a value and opens a regular expression after an operator, a bracket or a keyword. */
function startsRegExp(source: string, slash: number): boolean {
  const before = source.slice(Math.max(0, slash - 40), slash).trimEnd();
  return (
    before === '' ||
    /[(,=:[!&|?{};+\-*%<>~^]$/.test(before) ||
    /\b(?:return|typeof|case|in|of|await|yield)$/.test(before)
  );
}

function regExpEnd(source: string, start: number): number {
  let inClass = false;
  for (let i = start + 1; i < source.length; i += 1) {
    const char = source[i];
    if (char === '\\') i += 1;
    else if (char === '\n') return i;
    else if (char === '[') inClass = true;
    else if (char === ']') inClass = false;
    else if (char === '/' && !inClass) return i + 1;
  }
  return source.length;
}
