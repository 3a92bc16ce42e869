// Folders of one attempt on the worker's host, below its `scratch`.
import { join } from 'node:path';

export const stepFolder = (scratch: string, index: number, tryNumber = 1): string =>
  join(scratch, tryNumber === 1 ? `step-${index}` : `step-${index}-try-${tryNumber}`);
export const homeFolder = (scratch: string): string => join(scratch, 'home');
export const tmpFolder = (scratch: string): string => join(scratch, 'tmp');
