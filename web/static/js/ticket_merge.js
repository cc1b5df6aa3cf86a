// Two people in one ticket: what each of them changed since both saw the same. Pure.
const same = (one, other) => String(one ?? "") === String(other ?? "");

// `base` is what was last seen of the server, `mine` what stands in the form, `theirs` what the server has now
export function merge(base, mine, theirs) {
  const taken = {};
  const clashes = [];
  for (const name of Object.keys(mine)) {
    if (name === "version" || !(name in theirs)) continue;
    if (same(theirs[name], base[name]) || same(theirs[name], mine[name])) continue;
    if (same(mine[name], base[name])) taken[name] = theirs[name];
    else clashes.push({ name, mine: mine[name], theirs: theirs[name] });
  }
  return { taken, clashes };
}
