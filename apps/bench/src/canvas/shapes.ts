import { kinds, type Shape } from './shape.js';

/** Several sizes of each kind, the smaller ones first, so that it is seen how they grow. */
const shapes: readonly Shape[] = [
  { kind: 'chord', size: 1_000 },
  { kind: 'chord', size: 10_000 },
  { kind: 'chord', size: 100_000 },
  { kind: 'chain', size: 200 },
  { kind: 'chain', size: 1_000 },
  { kind: 'chain', size: 5_000 },
  { kind: 'nested', size: 10 },
  { kind: 'nested', size: 100 },
  { kind: 'group', size: 1_000 },
  { kind: 'group', size: 10_000 },
];

/**
 * Those that are measured.
 *
 * @param words kinds (`chord`: all of its sizes) and single shapes (`chord:500`, also of sizes that are not in the list); all where there are none.
 * @param quick a tenth of the sizes that are not named.
 * @returns undefined where a word is neither.
 */
export function chosenShapes(words: readonly string[] | undefined, quick: boolean): readonly Shape[] | undefined {
  const usual = quick ? shapes.map(({ kind, size }) => ({ kind, size: size / 10 })) : shapes;
  if (words === undefined) return usual;
  const chosen: Shape[] = [];
  for (const word of words) {
    const [name, text] = word.split(':');
    const kind = kinds.find((one) => one === name);
    const size = Number(text);
    if (kind === undefined || (text !== undefined && (!Number.isInteger(size) || size < 2))) return undefined;
    chosen.push(...(text === undefined ? usual.filter((shape) => shape.kind === kind) : [{ kind, size }]));
  }
  return chosen;
}
