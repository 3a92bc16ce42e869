/**
 * The candidate that a mistyped word most likely means, or null when none is near. Near: at most a third of the
 * word's letters differ (swapped neighbours count once) and no more than five, or it is the same word in another
 * spelling (camelCase).
 */
export function closest(word: string, candidates: Iterable<string>): string | null {
  const wanted = plain(word);
  const limit = Math.min(mostEdits, Math.max(1, Math.floor(wanted.length / 3)));
  let best: string | null = null;
  let bestDistance = limit + 1;
  const rows = newRows();
  for (const candidate of candidates) {
    const other = plain(candidate);
    if (other === wanted) return candidate;
    if (Math.abs(other.length - wanted.length) >= bestDistance) continue;
    const distance = editDistance(wanted, other, bestDistance - 1, rows);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** ` Did you mean "build"?` with a leading space, or nothing. */
export function didYouMean(word: string, candidates: Iterable<string>): string {
  const suggestion = closest(word, candidates);
  return suggestion === null ? '' : ` Did you mean "${suggestion}"?`;
}

/** Nobody mistypes more; and among thousands of candidates, each must be told apart soon. */
const mostEdits = 5;

const longestCompared = 64;

const plain = (word: string): string =>
  word.slice(0, longestCompared).replace(/[_-]/g, '').toLowerCase().slice(0, longestCompared);

/**
 * Optimal string alignment: insert, delete, replace, swap neighbours; each costs one. Anything above `limit` is given
 * as `limit + 1`: only cells that near the diagonal are looked at, and only until a row has nothing near.
 */
function editDistance(a: string, b: string, limit: number, rows: Rows): number {
  const far = limit + 1;
  let [beforePrevious, previous, current] = rows;
  for (let column = 0; column <= b.length; column += 1) previous[column] = Math.min(column, far);
  let nearestBefore = 0;
  for (let row = 1; row <= a.length; row += 1) {
    const first = Math.max(1, row - limit);
    const last = Math.min(b.length, row + limit);
    // What stands beside the cells that are looked at is from an earlier row, or an earlier word.
    current[first - 1] = first === 1 ? Math.min(row, far) : far;
    if (last < b.length) current[last + 1] = far;
    let nearest = current[first - 1] ?? far;
    for (let column = first; column <= last; column += 1) {
      const same = a[row - 1] === b[column - 1];
      let cost = Math.min(
        (previous[column] ?? far) + 1,
        (current[column - 1] ?? far) + 1,
        (previous[column - 1] ?? far) + (same ? 0 : 1),
        far,
      );
      const swapped = a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (row > 1 && column > 1 && swapped) cost = Math.min(cost, (beforePrevious[column - 2] ?? far) + 1);
      current[column] = cost;
      nearest = Math.min(nearest, cost);
    }
    // A swap reaches over one row.
    if (nearest === far && nearestBefore === far) return far;
    nearestBefore = nearest;
    [beforePrevious, previous, current] = [previous, current, beforePrevious];
  }
  return previous[b.length] ?? far;
}

/** Of three words' letters in a row: written over for each candidate, so that thousands of them cost no memory. */
type Rows = readonly [Uint8Array, Uint8Array, Uint8Array];

const newRows = (): Rows => [
  new Uint8Array(longestCompared + 2),
  new Uint8Array(longestCompared + 2),
  new Uint8Array(longestCompared + 2),
];
