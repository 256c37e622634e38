// Names of parameters, one too few
// `params` names every parameter, so that Python callers can send keyword arguments.
import { app } from './shop.js';

app.task('divide', { params: ['dividend', 'divisor'] }, (x: number, y: number) => x / y);
// mistake
app.task('divide', { params: ['dividend'] }, (x: number, y: number) => x / y);
