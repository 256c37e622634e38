/** Enums are among what plain type stripping cannot do. */
export enum Language {
  English = 'en',
  French = 'fr',
}

export const words: Readonly<Record<Language, string>> = {
  [Language.English]: 'Good morning',
  [Language.French]: 'Bonjour',
};
