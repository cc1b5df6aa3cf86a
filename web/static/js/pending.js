// A command is grey, "正在…", until the fact that it causes has come; after 3 s it says what it waits for.
import { byId } from "./api.js";

const SAYS_AFTER_S = 3;
const GIVES_UP_AFTER_S = 15;
const open = new Map();

const wordOf = (id) => byId(id).querySelector(".label");
export const isPending = (id) => open.has(id);
// Only the pending one is barred by its own waiting; the rest is up to the state
export function allow(id, allowed) { byId(id).disabled = !allowed || open.has(id); }
export function word(id, text) { if (!open.has(id) && wordOf(id).textContent !== text) wordOf(id).textContent = text; }

// `done()` looks at the state; it is asked after every fact
export function begin(id, { says, waitsFor, done, after }) {
  if (open.has(id)) return;
  open.set(id, { waitsFor, done, after, before: wordOf(id).textContent, since: Date.now() });
  byId(id).setAttribute("aria-busy", "true");
  byId(id).disabled = true;
  wordOf(id).textContent = says;
}
function finish(id) {
  const { before, after } = open.get(id);
  open.delete(id);
  byId(id).removeAttribute("aria-busy");
  byId(id).disabled = false;
  wordOf(id).textContent = before;
  after?.();
  draw();
}
export function look() {
  for (const [id, one] of [...open]) if (one.done()) finish(id);
}
// An order that goes by HTTP: its answer comes after the fact
export async function during(id, says, waitsFor, work) {
  if (open.has(id)) return;
  let over = false;
  begin(id, { says, waitsFor, done: () => over });
  try { await work(); } finally { over = true; look(); }
}
setInterval(() => {
  look();
  draw();
}, 500);
function draw() {
  const words = [];
  for (const [id, one] of [...open]) {
    const seconds = (Date.now() - one.since) / 1000;
    if (seconds >= GIVES_UP_AFTER_S) { finish(id); byId("seat-problem").textContent = `没有等到${one.waitsFor}，请再试一次`; } else if (seconds >= SAYS_AFTER_S) words.push(`正在等待${one.waitsFor} ${Math.round(seconds)} 秒`);
  }
  const place = byId("waits-for");
  if (place) place.textContent = words.join("；");
}
