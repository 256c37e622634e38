import { chain, chord } from '@ctq/core';
import { add, app, price, total } from './tasks.js';

console.log(`called here: ${add(2, 2)}`);

const sum = await add.delay(2, 2);
console.log(`called there: ${await sum.get({ timeout: '30s' })}`);

const steps = await chain(add.s(2, 2), add.s(4)).delay();
console.log(`chain: ${await steps.get({ timeout: '30s' })}`);

const report = await chord([add.s(1, 1), add.s(2, 2), add.s(3, 3)], total.s()).delay();
console.log(`chord: ${await report.get({ timeout: '30s' })}`);

const priced = await price.delay('tea');
const { cents, attempts } = await priced.get({ timeout: '30s' });
console.log(`price: ${cents} cents after ${attempts} attempts`);

await app.close();
