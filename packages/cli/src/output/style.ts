/** Colours for a terminal, or none at all (CL-014). */
export type Style = Readonly<Record<StyleName, (text: string) => string>>;
type StyleName = 'red' | 'green' | 'yellow' | 'blue' | 'magenta' | 'cyan' | 'bold';

const codes: Readonly<Record<StyleName, number>> = {
  red: 31,
  green: 32,
  yellow: 33,
  blue: 34,
  magenta: 35,
  cyan: 36,
  bold: 1,
};

export function createStyle(isColored: boolean): Style {
  const paint = (code: number) => (text: string) => (isColored ? `\u001b[${code}m${text}\u001b[0m` : text);
  return Object.fromEntries(Object.entries(codes).map(([name, code]) => [name, paint(code)])) as Style;
}
