import type { Setting } from './setting.js';
import type { SettingsGiven } from './settings.js';
import { beatSettings } from './table/beat-settings.js';
import { brokerSettings } from './table/broker-settings.js';
import { controlSettings } from './table/control-settings.js';
import { eventSettings } from './table/event-settings.js';
import { generalSettings } from './table/general-settings.js';
import { resultSettings } from './table/result-settings.js';
import { securitySettings } from './table/security-settings.js';
import { storesSettings } from './table/stores-settings.js';
import { taskSettings } from './table/task-settings.js';
import { workerSettings } from './table/worker-settings.js';

export type SettingName = keyof SettingsGiven;

/** Every setting, by its name in camelCase. Celery's names, types, defaults and meanings are in the rows; the files are its namespaces. */
export const settingsTable: { readonly [K in SettingName]: Setting<SettingsGiven[K]> } = {
  ...generalSettings,
  ...brokerSettings,
  ...taskSettings,
  ...resultSettings,
  ...workerSettings,
  ...beatSettings,
  ...controlSettings,
  ...eventSettings,
  ...storesSettings,
  ...securitySettings,
};

export const settingNames: readonly SettingName[] = Object.keys(settingsTable) as SettingName[];
