import { groupOfChunks } from './chunks.js';
import { type ChainNode, type SignatureNode, withLink, withOptions } from './signature-node.js';
import { linkedBody } from './with-links.js';
import { withStampsBelow } from './with-stamps.js';

/** Chains inside chains are one chain; a group followed by a step is a chord with that step as body; options of the whole go where they belong. */
export function flatten(chain: ChainNode): SignatureNode {
  return spread({ ...chain, links: joinLinks(chain) });
}

/** The links of a flat chain. */
export function joinLinks(chain: ChainNode): readonly SignatureNode[] {
  const all = chain.links.flatMap((link) => {
    if (link.kind !== 'chain') return [link];
    const inner = flatten(link);
    return inner.kind === 'chain' ? inner.links : [inner];
  });
  const links = withoutEmptyGroups(all);
  const joined: SignatureNode[] = [];
  for (const link of links) {
    const before = joined.at(-1);
    if (before?.kind === 'group' || before?.kind === 'chunks') {
      const header = before.kind === 'chunks' ? groupOfChunks(before) : before;
      joined[joined.length - 1] = {
        ...{ kind: 'chord', header, body: link, options: {} },
        immutable: before.immutable,
      };
    }
    // Else each member of the body would be followed on its own. What is linked to the chord is not linked to what follows it.
    else if (before?.kind === 'chord' && endsInGroup(before.body)) {
      const { link: _, linkError: __, ...options } = before.options;
      joined[joined.length - 1] = { ...before, options, body: chainOf(linkedBody(before), link) };
    } else joined.push(link);
  }
  return joined;
}

/** Other senders may have them; what is before them is followed by what is behind them (celery 5.6 canvas.py, _chain.prepare_steps). Chunks of nothing are an empty list. */
function withoutEmptyGroups(links: readonly SignatureNode[]): readonly SignatureNode[] {
  const full = links.filter((link) => link.kind !== 'group' || link.members.length > 0);
  return full.length === 0 ? links.slice(0, 1) : full;
}

/**
 * The id, the place in an outer workflow and `link` go to the last step, `linkError` to every step, everything else to the first (wire SPEC 5.2). `linkError` stays with the whole, too: a chain
 * that is never begun fails with it, and not with the errbacks of steps.
 */
function spread(chain: ChainNode): SignatureNode {
  const { link, linkError, taskId, groupId, groupIndex, chord, chain: after, ...others } = chain.options;
  const { stamps, stampedHeaders, ...first } = others;
  const last = Object.fromEntries(
    Object.entries({ taskId, groupId, groupIndex, chord, chain: after }).filter(([, value]) => value !== undefined),
  );
  const links = chain.links.map((step, index) => {
    let changed = index === 0 ? withStampsBelow(withOptions(step, first), stamps) : step;
    if (index === chain.links.length - 1) {
      changed = withOptions(changed, last);
      for (const next of link ?? []) changed = withLink(changed, 'link', next);
    }
    for (const errback of linkError ?? []) changed = withLink(changed, 'linkError', errback);
    return changed;
  });
  const only = links.length === 1 ? links[0] : undefined;
  return only ?? { ...chain, links, options: linkError === undefined ? {} : { linkError } };
}

/** Whether what comes of it is the list of a group's results, so that what follows has a chord before it. */
export function endsInGroup(node: SignatureNode | undefined): boolean {
  if (node?.kind === 'chord') return endsInGroup(node.body);
  return (
    node?.kind === 'group' || node?.kind === 'chunks' || (node?.kind === 'chain' && endsInGroup(node.links.at(-1)))
  );
}

export function chainOf(...links: readonly SignatureNode[]): SignatureNode {
  return { kind: 'chain', links, options: {}, immutable: false };
}
