import { type ChordNode, type GroupNode, type SignatureNode, withLink } from './signature-node.js';

/**
 * What is linked to a group is linked to its members: a callback to the first, which gives it nothing, and an errback to all of them (celery 5.6 canvas.py, group.link and link_error). It
 * has to stand there before ids are given and headers are flattened, since a member may be a workflow that hands it on.
 */
export function withSharedLinks(group: GroupNode): GroupNode {
  const { link = [], linkError = [], ...options } = group.options;
  if (link.length + linkError.length === 0) return group;
  const members = group.members.map((member, index) => {
    let linked = member;
    if (index === 0) for (const next of link) linked = withLink(linked, 'link', { ...next, immutable: true });
    for (const errback of linkError) linked = withLink(linked, 'linkError', errback);
    return linked;
  });
  return { ...group, members, options };
}

/** The body of a chord with what is linked to the chord. */
export function linkedBody({ body, options }: ChordNode): SignatureNode {
  const { link = [], linkError = [] } = options;
  let linked = body;
  for (const next of link) linked = withLink(linked, 'link', next);
  for (const errback of linkError) linked = withLink(linked, 'linkError', errback);
  return linked;
}
