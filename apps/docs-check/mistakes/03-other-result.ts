// A result of another type
// A result has the type that the function returns, as it arrives.
import { add } from './shop.js';

const result = await add.delay(2, 2);
export const sum: number = await result.get();
// mistake
export const text: string = await result.get();
