const special = /[\\^$.*+?()[\]{}|/-]/g;

/**
 * A binding key of a topic exchange as a test of routing keys, with Kombu's meaning (kombu 5.6 transport/virtual/exchange.py,
 * TopicExchange.key_to_pattern): words are taken literally, joined by literal dots, anchored at both ends; `#` is any characters, none
 * included. So `#` matches everything, and `a.#` needs the dot: it does not match `a`, which AMQP's would.
 *
 * One difference from Kombu, whose `*` may run across dots: here `*` is exactly one word, as in AMQP.
 */
export function topicPattern(bindingKey: string): RegExp {
  return new RegExp(`^${bindingKey.split('.').map(wordPattern).join('\\.')}$`, 's');
}

function wordPattern(word: string): string {
  if (word === '#') return '.*?';
  if (word === '*') return '[^.]+';
  return word.replace(special, '\\$&');
}
