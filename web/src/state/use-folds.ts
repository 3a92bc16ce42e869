import { useState } from 'react';
import { revealing, withFold, withoutFold, type Folds } from './log-folds.ts';
import type { LogStore } from './log-store.ts';
import { findStepEnd } from './step-starts.ts';

export interface Folding {
  readonly folds: Folds;
  /** Hides what a step wrote after its first line, or shows it again. */
  readonly toggle: (step: number, firstLine: number) => void;
  /** Shows a line; gives the folds that are left. */
  readonly reveal: (line: number) => Folds;
}

export function useFolds(store: LogStore, total: number): Folding {
  const [folds, setFolds] = useState<Folds>([]);
  const fold = async (step: number, firstLine: number) => {
    const to = await findStepEnd(firstLine, total, store.readLine);
    const from = firstLine + 1;
    if (to !== null && to > from) setFolds((known) => withFold(known, { step, from, to }));
  };
  return {
    folds,
    toggle: (step, firstLine) => {
      if (folds.some((known) => known.step === step)) setFolds(withoutFold(folds, step));
      else void fold(step, firstLine);
    },
    reveal: (line) => {
      const left = revealing(folds, line);
      if (left !== folds) setFolds(left);
      return left;
    },
  };
}
