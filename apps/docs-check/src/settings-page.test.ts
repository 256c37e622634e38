import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { settingsTable } from '../../../packages/core/src/config/settings-table.js';
import { beatSettings } from '../../../packages/core/src/config/table/beat-settings.js';
import { brokerSettings } from '../../../packages/core/src/config/table/broker-settings.js';
import { controlSettings } from '../../../packages/core/src/config/table/control-settings.js';
import { eventSettings } from '../../../packages/core/src/config/table/event-settings.js';
import { generalSettings } from '../../../packages/core/src/config/table/general-settings.js';
import { refusedSettings } from '../../../packages/core/src/config/table/refused-settings.js';
import { resultSettings } from '../../../packages/core/src/config/table/result-settings.js';
import { securitySettings } from '../../../packages/core/src/config/table/security-settings.js';
import { storesSettings } from '../../../packages/core/src/config/table/stores-settings.js';
import { taskSettings } from '../../../packages/core/src/config/table/task-settings.js';
import { workerSettings } from '../../../packages/core/src/config/table/worker-settings.js';
import { root } from './pages.js';
import { settingsPage } from './settings-page.js';

const namespaces = [
  { title: 'General', settings: { ...generalSettings } },
  { title: 'Broker', settings: { ...brokerSettings } },
  { title: 'Tasks', settings: { ...taskSettings } },
  { title: 'Results', settings: { ...resultSettings } },
  { title: 'Worker', settings: { ...workerSettings } },
  { title: 'Beat', settings: { ...beatSettings } },
  { title: 'Remote control', settings: { ...controlSettings } },
  { title: 'Events', settings: { ...eventSettings } },
  { title: 'Stores', settings: { ...storesSettings } },
  { title: 'Security', settings: { ...securitySettings } },
];

describe('docs/reference/settings.md', () => {
  it('is what the settings table says (npm test -- apps/docs-check -u writes it)', async () => {
    await expect(settingsPage(namespaces, refusedSettings)).toMatchFileSnapshot(
      join(root, 'docs/reference/settings.md'),
    );
  });

  it('has every namespace of the table', () => {
    expect(namespaces.flatMap(({ settings }) => Object.keys(settings))).toEqual(Object.keys(settingsTable));
  });
});
