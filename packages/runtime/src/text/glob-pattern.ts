/** Python's fnmatch: `*`, `?`, `[abc]`, `[!abc]`, the whole name. */
export function globPattern(glob: string): RegExp {
  const source = glob.replaceAll(/\*+|\?|\[!?\]?[^\]]*\]|[\s\S]/g, (part) => {
    if (part.startsWith('*')) return '.*';
    if (part === '?') return '.';
    if (part.length === 1) return part.replaceAll(/[$()+.[\\\]^{|}/]/g, '\\$&');
    const negated = part.startsWith('[!');
    const set = part.slice(negated ? 2 : 1, -1).replaceAll(/[\\\]^[]/g, '\\$&');
    return `[${negated ? '^' : ''}${set}]`;
  });
  return new RegExp(`${source}$`, 'sy');
}
