// The directory: tabs of rows, a dialog to edit one, numbers masked until somebody says why.
import { byId, get, make } from "./api.js";
import { EditDialog } from "./directory_edit.js";
import { mountImport } from "./directory_import.js";
import { mountKeys, showKeys } from "./directory_keys.js";
import { KINDS } from "./directory_kinds.js";
import { NumberDialog } from "./directory_number.js";
import { mountWho } from "./directory_who.js";
import { mountWords, showWords } from "./directory_words.js";
import { open } from "./page.js";

const edits = byId("page").dataset.edits === "yes";
const filter = byId("filter");
const WHO = { kind: "who", title: "会呼叫谁" };
const WORDS = { kind: "words", title: "警示词" };
const KEYS = { kind: "keys", title: "接口密钥" };
const TABS = [...KINDS, WHO, WORDS, ...(byId("page").dataset.keys === "yes" ? [KEYS] : [])];
let here = KINDS.find((one) => `#${one.kind}` === location.hash) ?? KINDS[0];
let lists;
let edit;
let number;

function prepare(choices) {
  const pairs = {
    units: choices.units.filter((one) => one.active).map((one) => [one.code, `${one.name}（${one.code}）`]),
    townNames: Object.values(choices.towns).map((one) => [one, one]),
    villageNames: choices.villages.map((one) => [one.name, one.name]),
    categories: choices.categories.map((one) => [one.code, `${one.code} ${one.name}`]),
    roles: choices.roles.map((one) => [one.key, one.label]),
  };
  const names = (list, key, name) => Object.fromEntries(list.map((one) => [one[key], one[name]]));
  return { ...choices, options: (from) => pairs[from], unitName: names(choices.units, "code", "name"), categoryName: names(choices.categories, "code", "name"), roleName: names(choices.roles, "key", "label") };
}

async function show(page = 1) {
  const kind = here;
  const { rows, total } = await get(`/api/v1/directory/${kind.kind}?q=${encodeURIComponent(filter.q.value)}&page=${page}`);
  if (here !== kind) return; // another tab meanwhile: its own rows come
  byId("heads").replaceChildren(...here.heads.map((head) => make("th", head)));
  byId("rows").replaceChildren(...rows.map(line));
  byId("empty").hidden = rows.length > 0;
  byId("place").textContent = `第 ${page} 页，共 ${total} 条`;
  byId("newer").disabled = page === 1;
  byId("older").disabled = page * 50 >= total;
  show.page = page;
}
async function go(page) {
  const link = byId("banner-link");
  try { await show(page); link.hidden = true; } catch (error) { link.hidden = false; link.textContent = error.message; }
}
function line(row) {
  const owner = row.name ?? row.contact_name ?? "";
  const cells = here.cells(row, lists).map((cell) => (Array.isArray(cell) ? make("td", null, {}, phones(cell, owner)) : make("td", cell, cell === "待确认" ? { class: "unsure" } : {})));
  if (edits) cells[0].replaceChildren(make("a", cells[0].textContent || "全部", { href: "#", "aria-label": `修改 ${owner || cells[0].textContent}` }));
  const line = make("tr", null, { "data-testid": `row-${here.kind}` }, ...cells);
  if (edits) line.onclick = (event) => { if (!event.target.closest("button")) { event.preventDefault(); start(row.id); } };
  return line;
}
function phones(numbers, owner) {
  const box = make("div", null, { class: "numbers" });
  box.append(...numbers.map((one) => {
    const button = make("button", `${one.kind} ${one.masked}`, { type: "button", class: one.verified_at ? "ok" : "open", "data-testid": "number" });
    button.onclick = () => number.open(one, owner);
    return button;
  }));
  return box;
}
async function start(id) {
  try { await edit.open(here, id); } catch (error) { byId("banner-link").hidden = false; byId("banner-link").textContent = error.message; }
}
function tabs() {
  byId("tabs").replaceChildren(...TABS.map((one) => {
    const tab = make("button", one.title, { type: "button", role: "tab", id: `tab-${one.kind}`, "data-testid": `tab-${one.kind}`, "aria-selected": String(one === here), tabindex: one === here ? "0" : "-1" });
    tab.onclick = () => turn(one);
    return tab;
  }));
}
function turn(one) {
  here = one;
  history.replaceState(null, "", `#${one.kind}`);
  tabs();
  byId(`tab-${one.kind}`).focus();
  const rows = KINDS.includes(one);
  byId("rows-part").hidden = !rows;
  for (const other of [WHO, WORDS, KEYS]) if (byId(`${other.kind}-part`)) byId(`${other.kind}-part`).hidden = one !== other;
  if (edits) byId("new").disabled = !rows;
  filter.reset();
  if (one === WORDS) showWords();
  if (one === KEYS) showKeys();
  if (rows) go(1);
}

byId("tabs").addEventListener("keydown", (event) => {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (step) turn(TABS[(TABS.indexOf(here) + step + TABS.length) % TABS.length]);
});
filter.addEventListener("submit", (event) => { event.preventDefault(); go(1); });
byId("rows").addEventListener("keydown", (event) => {
  const links = [...byId("rows").querySelectorAll("a")];
  const to = links[links.indexOf(event.target) + ({ ArrowDown: 1, ArrowUp: -1 }[event.key] ?? NaN)];
  if (to) { event.preventDefault(); to.focus(); }
});
byId("newer").onclick = () => go(show.page - 1);
byId("older").onclick = () => go(show.page + 1);
tabs();
await open(async () => {
  lists = prepare(await get("/api/v1/directory/choices"));
  const again = () => go(show.page ?? 1);
  number = new NumberDialog(edits, again);
  mountWho(lists);
  mountWords();
  if (TABS.includes(KEYS)) mountKeys();
  if (edits) {
    edit = new EditDialog(lists, again);
    const importing = mountImport(() => go(1));
    byId("new").onclick = () => start(null);
    byId("import").onclick = importing;
    document.onkeydown = (event) => {
      if (!event.altKey || document.querySelector("dialog[open]")) return;
      if (event.code === "KeyN" && KINDS.includes(here)) { event.preventDefault(); start(null); }
      if (event.code === "KeyI") { event.preventDefault(); importing(); }
    };
  }
  await show();
});
