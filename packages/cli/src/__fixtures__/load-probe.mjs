// Loads apps for the tests in a process without a test runner, whose module loader would stand in the way.
import { Ctq } from '@ctq/core';
import { loadApp } from '../../dist/index.js';

process.on('message', (request) => void load(request));

async function load({ folder, given }) {
  try {
    const { app, locator, loader } = await loadApp(given, folder);
    await app.loadModules((url) => loader.import(url));
    process.send({
      name: app.name,
      hasOneCore: app instanceof Ctq,
      tasks: app.kernel.registry.names,
      url: locator.url,
      exportName: locator.export,
      sum: app.kernel.registry.find('add')?.run(1, 2),
    });
  } catch (error) {
    process.send({ error: error.message, code: error.code });
  }
}
