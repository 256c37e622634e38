import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { celerySettings } from '../__fixtures__/celery-settings.js';
import { parseSettings } from './resolve-settings.js';
import { mismatch, type Setting } from './setting.js';
import { camelCase, findSetting, snakeCase } from './setting-names.js';
import { type SettingName, settingNames, settingsTable } from './settings-table.js';

const table = settingsTable as Readonly<Record<SettingName, Setting<unknown>>>;

interface Row {
  readonly row: string;
  readonly name: string;
  readonly old: readonly string[];
  readonly found: ReturnType<typeof findSetting>;
}

const rows = celerySettings.map(
  ([row, name, ...old]): Row => ({ row, name, old, found: findSetting(name, 'the test') }),
);
const isEffective = ({ found }: Row): boolean => typeof found === 'string' && table[found].status === 'effective';

describe('the settings table', () => {
  test.each(rows.filter(isEffective))('has $name ($row) in all of its spellings', ({ name, old }) => {
    for (const spelling of [camelCase(name), ...old]) expect(findSetting(spelling, 'the test')).toBe(camelCase(name));
  });

  test.each(rows.filter((row) => !isEffective(row) && typeof row.found === 'string'))(
    'keeps $name for a later version',
    ({ name, old }) => {
      for (const spelling of [camelCase(name), ...old]) expect(findSetting(spelling, 'the test')).toBe(camelCase(name));
    },
  );

  for (const { row, name, old, found } of rows) {
    if (typeof found === 'string') continue;
    test(`says of ${name} why it is not there, in all of its spellings [${row}]`, () => {
      for (const spelling of [name, camelCase(name), ...old]) {
        expect(() => parseSettings({ [spelling]: 'x' })).toThrow(
          expect.objectContaining({
            code: 'CTQ_SETTING_REFUSED',
            message: `settings: ctq does not have Celery's setting '${spelling}'. ${found.refusedBecause}`,
          }),
        );
      }
      expect(found.refusedBecause).toMatch(/^[A-Za-z].{20,}\.$/);
    });
  }

  test('has nothing of its own but what Celery lacks', () => {
    const celery = new Set(rows.map(({ name }) => camelCase(name)));
    expect(settingNames.filter((name) => !celery.has(name))).toEqual([
      'brokerPublishTimeout',
      'taskInheritParentHeaders',
      'taskMaxCrashes',
      'taskQuarantineQueue',
      'taskChainInlineLinks',
      'taskMaxMessageSize',
      'resultMaxSize',
      'workerSuccessfulMax',
      'workerSuccessfulExpires',
      'workerRevokesMax',
      'workerRevokeExpires',
      'workerMaxBlockedTime',
      'workerMaxSilentTime',
    ]);
  });

  test.each(settingNames)('%s goes from camelCase to snake_case and back', (name) => {
    expect(camelCase(snakeCase(name))).toBe(name);
  });

  test.each(settingNames)('%s has a default that its own type accepts', (name) => {
    const { type, default: value } = table[name];
    const given = value === undefined ? null : value;
    // Retry policies are filled up, and a list of texts is what it was.
    expect(type.parse(given)).toEqual(value);
    expect(type.parse(given)).not.toBe(mismatch);
  });

  test.each(settingNames)('%s is described in one line, the same in the table and on hovering', (name) => {
    const { doc } = table[name];
    expect(doc).toMatch(/^[^\n]+\.$/);
    expect(sources).toContain(`/** ${doc} */\n  ${name}: `);
  });
});

const folder = new URL('./table/', import.meta.url);
const sources = readdirSync(folder)
  .map((file) => readFileSync(new URL(file, folder), 'utf8'))
  .join('\n');
