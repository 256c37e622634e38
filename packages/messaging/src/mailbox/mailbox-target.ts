/** Who is meant by a request; without anything everybody is. */
export interface MailboxTarget {
  /** Names of nodes. Empty is everybody, too. */
  readonly destination?: readonly string[] | undefined;
  /** Which names are meant, where there is no destination. */
  readonly pattern?: string | undefined;
  /** How the pattern is read: `glob`, `pcre`, or what the nodes know besides. Default `glob`. */
  readonly matcher?: string | undefined;
}

/**
 * The target as it is sent: a pattern and its matcher both, or neither (kombu 5.6 pidbox.py, Mailbox._broadcast).
 * @throws TypeError for what is no list of names, and for a pattern or a matcher that is no text.
 */
export function checkTarget({ destination, pattern, matcher = 'glob' }: MailboxTarget): MailboxTarget {
  if (destination !== undefined && !isListOfTexts(destination))
    throw new TypeError('destination has to be a list of names of nodes.');
  if (pattern === undefined) return { destination };
  if (typeof pattern !== 'string' || typeof matcher !== 'string')
    throw new TypeError('pattern and matcher have to be texts.');
  return { destination, pattern, matcher };
}

function isListOfTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((one) => typeof one === 'string' && one !== '');
}
