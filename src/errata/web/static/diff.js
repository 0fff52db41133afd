// What was changed from one text to another, by lines and within a changed line by words.
"use strict";
globalThis.errataDiff = (() => {
  const MOST = 1500 * 1500;

  // The longest common subsequence as pairs of places; what both begin and end with is set aside first.
  const common = (left, right) => {
    const pairs = [];
    let start = 0;
    while (start < left.length && start < right.length && left[start] === right[start]) pairs.push([start, start++]);
    let end = 0;
    while (end < left.length - start && end < right.length - start && left.at(-1 - end) === right.at(-1 - end)) end++;
    const [a, b] = [left.slice(start, left.length - end), right.slice(start, right.length - end)];
    if (a.length * b.length <= MOST) {
      const width = b.length + 1;
      const best = new Uint32Array((a.length + 1) * width);
      for (let i = a.length - 1; i >= 0; i--)
        for (let j = b.length - 1; j >= 0; j--)
          best[i * width + j] =
            a[i] === b[j]
              ? best[(i + 1) * width + j + 1] + 1
              : Math.max(best[(i + 1) * width + j], best[i * width + j + 1]);
      for (let i = 0, j = 0; i < a.length && j < b.length; )
        if (a[i] === b[j]) pairs.push([start + i++, start + j++]);
        else if (best[(i + 1) * width + j] >= best[i * width + j + 1]) i++;
        else j++;
    }
    for (let i = end; i > 0; i--) pairs.push([left.length - i, right.length - i]);
    return pairs;
  };

  // [kind, place in the old text, place in the new one, line]: " " for kept, "-" for gone, "+" for new.
  const lines = (before, after) => {
    const [old, now] = [before.split("\n"), after.split("\n")];
    const rows = [];
    let [i, j] = [0, 0];
    for (const [x, y] of [...common(old, now), [old.length, now.length]]) {
      while (i < x) rows.push(["-", i + 1, null, old[i++]]);
      while (j < y) rows.push(["+", null, j + 1, now[j++]]);
      if (x < old.length) rows.push([" ", ++i, ++j, old[x]]);
    }
    return rows;
  };

  const words = (line) => line.match(/\s+|\w+|[^\w\s]/gu) ?? [];

  // The words of a line, each with whether the other line lacks it.
  const marked = (line, other) => {
    const [mine, theirs] = [words(line), words(other)];
    if (mine.length > 400 || theirs.length > 400) return [[line, true]];
    const kept = new Set(common(mine, theirs).map((pair) => pair[0]));
    return mine.map((word, at) => [word, !kept.has(at)]);
  };

  // Which line came in the place of which: the first that is gone and the first that is new, and so on.
  const twins = (rows) => {
    const found = new Map();
    for (let n = 0; n < rows.length; ) {
      const gone = [];
      const now = [];
      while (n < rows.length && rows[n][0] === "-") gone.push(n++);
      while (n < rows.length && rows[n][0] === "+") now.push(n++);
      gone.slice(0, now.length).forEach((old, at) => found.set(old, now[at]).set(now[at], old));
      if (!gone.length && !now.length) n++;
    }
    return found;
  };

  return { lines, marked, twins };
})();
