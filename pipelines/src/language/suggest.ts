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
  for (const candidate of candidates) {
    const other = plain(candidate);
    if (other === wanted) return candidate;
    if (Math.abs(other.length - wanted.length) >= bestDistance) continue;
    const distance = editDistance(wanted, other, bestDistance - 1);
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

const plain = (word: string): string => word.slice(0, 64).replace(/[_-]/g, '').toLowerCase();

/**
 * Optimal string alignment: insert, delete, replace, swap neighbours; each costs one. Anything above `limit` is given
 * as `limit + 1`: only cells that near the diagonal are looked at, and only until a row has nothing near.
 */
function editDistance(a: string, b: string, limit: number): number {
  const far = limit + 1;
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, column) => Math.min(column, far));
  for (let row = 1; row <= a.length; row += 1) {
    const current = previous.map(() => far);
    if (row <= limit) current[0] = row;
    let nearest = current[0] ?? far;
    const last = Math.min(b.length, row + limit);
    for (let column = Math.max(1, row - limit); column <= last; column += 1) {
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
    if (nearest === far && Math.min(...previous) === far) return far;
    beforePrevious = previous;
    previous = current;
  }
  return previous[b.length] ?? far;
}
