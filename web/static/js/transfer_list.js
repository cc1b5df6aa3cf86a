// Choosing whom to transfer to, by keyboard: type to filter, ↑↓, Enter asks first, Shift+Enter gives away at once.
import { get, make } from "./api.js";
import { desk } from "./desk.js";

const ROLES = [["handling_unit", "承办单位值班（按工单分类）"], ["internet_office", "网信部门值班"], ["grid_worker", "网格员"]];
const CAN_RING = ["ready", "wrap_up", "paused"];

export function choose(done) {
  if (document.getElementById("transfer-dialog")) return;
  const search = make("input", null, { class: "form-control", type: "search", placeholder: "坐席号、姓名，或单位、人员（两个字起）", "aria-label": "找转接对象", role: "combobox", "aria-controls": "transfer-options", "aria-expanded": "true", "data-testid": "transfer-search" });
  const list = make("div", null, { id: "transfer-options", class: "transfer-options", role: "listbox", "aria-label": "转接对象" });
  const ask = make("button", null, { class: "btn btn-primary", type: "button", "data-testid": "transfer-ask" }, make("span", "咨询后转接"), make("kbd", "Enter"));
  const blind = make("button", null, { class: "btn", type: "button", "data-testid": "transfer-blind" }, make("span", "直接转接"), make("kbd", "Shift+Enter"));
  const cancel = make("button", null, { class: "btn", type: "button" }, make("span", "不转"), make("kbd", "Esc"));
  const dialog = make("dialog", null, { id: "transfer-dialog", class: "transfer-dialog", "aria-label": "转接", "data-testid": "transfer-dialog" }, make("h2", "转接给", { class: "h3" }), search, list, make("div", null, { class: "dialog-keys" }, ask, blind, cancel));
  let found = [];
  let rows = [];
  let at = 0;
  // Who is free changes while one looks
  let seen = desk.board;
  const timer = setInterval(() => { if (!dialog.isConnected) return clearInterval(timer); if (desk.board !== seen) { seen = desk.board; draw(rows[at]?.words); } }, 300);
  const close = () => { dialog.close(); dialog.remove(); };
  const pick = (isBlind) => { const row = rows[at]; if (!row || row.off) return; close(); done(row.target, isBlind || Boolean(row.target.queue)); };
  const move = (to) => {
    const able = rows.map((row, index) => (row.off ? -1 : index)).filter((index) => index >= 0);
    if (!able.length) return;
    at = able.includes(to) ? to : able.find((index) => index > to) ?? able[0];
    for (const [index, one] of [...list.querySelectorAll("[role=option]")].entries()) one.setAttribute("aria-selected", String(index === at));
    list.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" });
  };
  const step = (by) => {
    const able = rows.map((row, index) => (row.off ? -1 : index)).filter((index) => index >= 0);
    if (able.length) move(able[(able.indexOf(at) + by + able.length) % able.length]);
  };
  function draw(chosen) {
    const words = search.value.trim().toLowerCase();
    const fits = (row) => !words || row.words.toLowerCase().includes(words);
    const groups = [["坐席", seats().filter(fits)], ["承办单位 · 值班", [...ROLES.map(([role, label]) => ({ words: label, target: { role } })).filter(fits), ...found]], ["队列", [{ words: "转回排队（排在最前）", target: { queue: true } }].filter(fits)]];
    rows = groups.flatMap(([, group]) => group);
    list.replaceChildren(...groups.flatMap(([name, group]) => (group.length ? [make("div", name, { class: "transfer-group" }), ...group.map(option)] : [])));
    move(Math.max(0, rows.findIndex((row) => row.words === chosen)));
  }
  function option(row) {
    const made = make("div", null, { role: "option", "aria-selected": "false", "aria-disabled": String(Boolean(row.off)), class: "transfer-option", "data-testid": row.id ?? "" }, make("span", row.words), make("small", row.more ?? ""));
    made.onclick = () => { if (!row.off) { move(rows.indexOf(row)); search.focus(); } };
    made.ondblclick = () => pick(false);
    return made;
  }
  search.oninput = async () => {
    found = [];
    draw();
    const words = search.value.trim();
    if (words.length < 2) return;
    const kinds = await Promise.all(["units", "contacts"].map((kind) => get(`/api/v1/directory/${kind}?q=${encodeURIComponent(words)}`).catch(() => ({ rows: [] }))));
    if (search.value.trim() !== words) return;
    found = kinds.flatMap((kind) => kind.rows.flatMap((row) => row.numbers.map((one) => ({ words: `${row.name} ${one.masked}`, more: one.verified_at ? one.kind_label ?? "" : "未核实", target: { number_id: one.id } })))).slice(0, 8);
    draw();
  };
  dialog.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") { event.preventDefault(); step(event.key === "ArrowDown" ? 1 : -1); }
    if (event.key === "Enter" && !event.target.closest("button")) { event.preventDefault(); pick(event.shiftKey); }
  });
  ask.onclick = () => pick(false);
  blind.onclick = () => pick(true);
  cancel.onclick = close;
  dialog.addEventListener("cancel", () => dialog.remove());
  document.body.append(dialog);
  draw();
  dialog.showModal();
  search.focus();
}
// Ready ones first; one that cannot be rung is shown, and passed over
function seats() {
  const order = (seat) => { const place = CAN_RING.indexOf(seat.state); return place < 0 ? CAN_RING.length : place; };
  return desk.board.seats.filter((seat) => seat.operator && seat.id !== desk.seat?.id).sort((a, b) => order(a) - order(b) || a.id - b.id).map((seat) => ({
    id: `transfer-seat-${seat.id}`,
    words: `${seat.id}号席 ${seat.operator.name}`,
    more: seat.phone_online ? seat.label : `${seat.label} · 话机未连接`,
    off: !CAN_RING.includes(seat.state) || !seat.phone_online,
    target: { seat_id: seat.id },
  }));
}
