// A setting of the wrong type
import { Ctq } from '@ctq/core';

new Ctq('shop', { resultExpires: '1h' });
// mistake
new Ctq('shop', { resultExpires: 'tomorrow' });
