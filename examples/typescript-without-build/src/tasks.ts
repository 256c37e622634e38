import { Ctq } from '@ctq/core';
import { Language, words } from './languages.js';

/** Loaded as it stands, by `ctq` alone: no build, no flag. `.js` in an import means the `.ts` beside it, as in any TypeScript program. */
export const app = new Ctq('shop');

export const greet = app.task('shop.greet', (name: string, language: Language = Language.English): string => {
  return `${words[language]}, ${name}`;
});
