// What the parts of the shift leader's page share, and the seats as rows.
import { byId, clock, make, say, whoseNumber } from "./api.js";
import { givenNow } from "./given.js";
import { look } from "./pending.js";

export const lead = {
  me: null,
  view: null, // GET /api/supervision
  skew: 0,
  selected: 1,
  phone: null, // Softphone
  refresh: null,
};
const listeners = [];
export const onNews = (listener) => listeners.push(listener);
export const tookNews = () => { for (const listener of listeners) listener(); look(); };
export const since = (iso) => (iso ? (Date.now() + lead.skew - Date.parse(iso)) / 1000 : 0);
const OVER_SHOWN_S = 60;

export const seatRow = () => lead.view?.seats.find((seat) => seat.id === lead.selected) ?? null;
// This leader's ear while it is not over
export const mine = () => (lead.view?.mine && lead.view.mine.state !== "over" ? lead.view.mine : null);
const HEARS = ["listening", "whispering", "barged", "taken_over"];
// The same once it hears: before, it is only being called
export const hearing = () => (HEARS.includes(mine()?.state) ? mine() : null);
let shown;
export function problem(error) {
  shown = error;
  byId("seat-problem").textContent = error?.message ?? "";
}
export const reached = () => { if (shown?.code === "unreachable") problem(); };

export function select(number) {
  lead.selected = number;
  draw();
  byId(`seat-${number}`).scrollIntoView({ block: "nearest" });
}
function row(seat) {
  const here = seat.id === lead.selected;
  const ears = seat.ears.map((ear) => `◉ ${ear.who}${ear.label}`).join("　");
  const call = seat.call?.id ? `${seat.call.secret ? "保密 · " : ""}${whoseNumber(seat.call.caller_masked)}` : "";
  const word = seat.label + (seat.pause_label && seat.state === "paused" ? ` · ${seat.pause_label}` : "");
  const wish = seat.wish === "none" ? "" : `话后${seat.wish === "sign_off" ? "签出" : `暂停·${seat.wish_label ?? ""}`}`;
  const line = make("div", null, { class: "lead-seat", id: `seat-${seat.id}`, role: "option", "aria-selected": String(here), "data-state": seat.state, "data-testid": `lead-seat-${seat.id}` },
    make("b", String(seat.id)), make("span", seat.operator?.name ?? "无人"),
    make("span", word, { class: "word", "data-state": seat.state }), make("time", "", { "data-since": seat.state === "empty" ? "" : seat.since }),
    make("span", call, { class: "lead-call" }), make("time", "", { "data-since": seat.call?.answered_at ?? "" }),
    make("span", [wish, ears].filter(Boolean).join("　"), { class: "lead-ears" }));
  line.onclick = () => select(seat.id);
  return line;
}
const sum = (day) => `${day.offered} = 接听 ${day.answered} + 放弃 ${day.abandoned} + 留言 ${day.voicemail}${day.callback ? ` + 登记回拨 ${day.callback}` : ""}${day.turned_away ? ` + 婉拒 ${day.turned_away}` : ""} + 进行中 ${day.in_progress}`;
const adds = (day) => day.offered === day.answered + day.abandoned + day.voicemail + day.callback + day.turned_away + day.in_progress;

export function draw() {
  const { view } = lead;
  if (!view) return;
  byId("seats").replaceChildren(...view.seats.map(row));
  byId("seats").setAttribute("aria-activedescendant", `seat-${lead.selected}`);
  const taken = view.taken_over.map((call) => `${call.who} 正在接听接管的来电 ${whoseNumber(call.caller_masked)}`);
  taken.push(...view.given.map((one) => givenNow(one)));
  byId("taken").hidden = !taken.length;
  say(byId("taken"), taken.join("；"));
  for (const [id, name, day] of [["sum-today", "今日", view.days.today], ["sum-yesterday", "昨日", view.days.yesterday]]) {
    say(byId(id), `${name} ${sum(day)} ${adds(day) ? "✓" : "✗ 不平"}`);
    byId(id).dataset.level = adds(day) ? "good" : "bad";
  }
  for (const listener of drawers) listener();
  tick();
}
const drawers = [];
export const onDraw = (listener) => drawers.push(listener);
export function tick() {
  const { view } = lead;
  if (!view) return;
  for (const place of byId("seats").querySelectorAll("time")) say(place, place.dataset.since ? clock(since(place.dataset.since)) : "");
  say(byId("waiting"), view.waiting ? `等待 ${view.waiting}（最长 ${clock(since(view.waiting_since))}）` : "等待 0");
  byId("waiting").dataset.level = since(view.waiting_since) > 15 ? "bad" : view.waiting ? "fair" : "good";
  const ear = view.mine;
  const live = ear && ear.state !== "over";
  byId("mine").dataset.state = live ? ear.state : "";
  if (live) say(byId("mine"), `◉ ${ear.label} · ${ear.seat_id}号席 ${ear.began_at ? clock(since(ear.began_at)) : ""}`);
  else say(byId("mine"), ear && since(ear.ended_at) < OVER_SHOWN_S ? `${ear.seat_id}号席的${ear.wanted_label}已结束：${ear.reason_label ?? ""}` : "没有在监听");
}
