import { describe } from 'vitest';
import { killFamily } from './kill-family.js';
import { sqlitePlace } from './place.js';

describe('A worker', () => {
  killFamily({ store: 'SQLite', open: sqlitePlace });
});
