// A result that does not survive the way
// No serializer carries a `Map`, a `Set`, a function or an instance of a class: what is left of it is `never`.
import { count } from './shop.js';

const result = await count.delay(['tea', 'milk']);
const counted = await result.get();
// mistake
counted.get('tea');
