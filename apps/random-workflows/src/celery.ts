import { evaluate } from './evaluate.js';
import { endsInGroup, errbacksOf, inOnePlace, type Part, partOf } from './rules.js';
import type { Shape } from './shape.js';

/**
 * Whether Celery's own workers end a workflow as its rules say. When something fails they do not in four places, where ctq's do (celery 5.6 backends/base.py):
 * - `mark_as_failure` stores the failure of what never begins under the id of each step, and not under those of a group's members: who waits for a group at the end waits for ever;
 * - `chord_error_from_stack` looks for errbacks of a chord's body in its own options, where a body that is a chord has none;
 * - it tells nobody of a body that never begins and is itself in the header of a chord, which waits for ever;
 * - it stores the failure of such a body, and not of what follows it in a chain.
 */
export function endsInCelery(shape: Shape): boolean {
  if (evaluate(shape, []).outcome.kind === 'value') return true;
  const part = partOf(shape);
  return !endsInGroup(part) && !partsOf(part).some(isSilent);
}

function isSilent(part: Part): boolean {
  if (part.kind === 'chain') return part.links.slice(0, -1).some(endsInChord);
  if (part.kind !== 'chord') return false;
  const { header, body } = part;
  return header.some(endsInChord) || (body.kind === 'chord' && errbacksOf(body).length > 0);
}

function endsInChord(part: Part): boolean {
  if (part.kind === 'chain') return part.links.slice(-1).some(endsInChord);
  return (
    part.kind === 'chord' ||
    (part.kind === 'task' && part.task.kind === 'replaced' && endsInChord(inOnePlace(partOf(part.task.by))))
  );
}

function partsOf(part: Part): readonly Part[] {
  switch (part.kind) {
    case 'chain':
      return [part, ...part.links.flatMap(partsOf)];
    case 'group':
      return [part, ...part.members.flatMap(partsOf)];
    case 'chord':
      return [part, ...[...part.header, part.body].flatMap(partsOf)];
    case 'task':
      return part.task.kind === 'replaced' ? [part, ...partsOf(partOf(part.task.by))] : [part];
    case 'collect':
      return [part];
  }
}
