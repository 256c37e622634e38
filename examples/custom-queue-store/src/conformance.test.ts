import { queueStoreConformance, transportConformance } from '@ctq/messaging/conformance';
import { describe, it } from 'vitest';
import { Table } from './table.js';
import { TableStore, tableTransport } from './table-store.js';

describe('the table store', () => {
  const table = new Table();
  for (const { name, isSupported, run } of queueStoreConformance({ create: () => new TableStore(table) })) {
    it.skipIf(!isSupported)(name, run);
  }
});

describe('its transport', () => {
  const table = new Table();
  for (const { name, isSupported, run } of transportConformance({ create: () => tableTransport(table) })) {
    it.skipIf(!isSupported)(name, run);
  }
});
