/** A topic binding as Kombu's regular expression (kombu 5.6 transport/virtual/exchange.py, TopicExchange.key_to_pattern). */
export function topicRegex(routingKey: string): string {
  const words = routingKey.split('.').map((word) => {
    if (word === '*') return '.*?[^\\.]';
    return word === '#' ? '.*?' : escapePython(word);
  });
  return `^${words.join('\\.')}$`;
}

/** What Python's `re.escape` escapes (3.7 and later). */
function escapePython(text: string): string {
  return text.replaceAll(/[-\s#&~()[\]{}?*+|^$\\.]/g, '\\$&');
}
