// The call-back list, worked with the keyboard alone: arrows choose, Enter takes and dials, digits write the result down.
// The same on a seat and on the shift leader's page, who gives lines to people and dials nothing.
import { byId, duration, get, grouped, make, moment, post, say, sinceSeconds } from "./api.js";
import { bind, note } from "./keys.js";
import { ticketLink } from "./ticket_link.js";

const API = "/api/v1/callbacks";
export const CALLBACK_FACTS = ["CallbackOpened", "CallbackJoined", "CallbackClaimed", "CallbackReleased", "CallbackCalled", "CallbackFailed", "CallbackGivenUp", "CallbackDone", "CallbackSatisfied"];
const MARKABLE_S = 600;
let here = null; // whose page this is: { me(), canDial(), dial(what) }, without dial where there is no telephone to dial with
let list = null;
let chosen = null; // id of the line that the keyboard is on
const box = () => byId("callbacks");

export function mountCallbackList(page) {
  here = page;
  bind("Alt+K", "callbacks-open", "回拨列表");
  note(here.dial ? "↑ ↓ 回车" : "回拨 ↑ ↓", `在回拨列表里选择${here.dial ? "、领取并拨打" : "，交给在席话务员"}；1–5 记结果`);
  byId("callbacks-open").onclick = () => (box().open ? box().close() : open());
  byId("callbacks-close").onclick = () => box().close();
  box().addEventListener("keydown", onKey);
  setInterval(() => { if (box().open && list) drawTimes(); }, 1000);
}
export const callbackNews = () => { if (box().open) lookSoon(); };
export function showCallbackCounts({ open: waiting, overdue, soon: near }) {
  const late = [overdue ? `${overdue} 已超时` : "", near ? `${near} 将超时` : ""].filter(Boolean).join("，");
  say(byId("callbacks-open").querySelector(".label"), `回拨 ${waiting}${late ? `（${late}）` : ""}`);
  byId("callbacks-open").dataset.level = overdue ? "bad" : near ? "fair" : "good";
}
async function open() {
  complain();
  list = chosen = null; // an old list must not take the first keys
  draw();
  box().showModal();
  await look();
  focusLine();
}
let soon;
const lookSoon = () => { soon ??= setTimeout(() => { soon = undefined; look(); }, 60); };
async function look() {
  try { list = await get(API); } catch (error) { return complain(error); }
  if (!lines().some((line) => line.id === chosen)) chosen = lines()[0]?.id ?? null;
  draw();
}
// What can be worked: open lines, and those whose result this person may still correct
const mineToMark = (line) => line.state === "done" && line.owner?.id === here.me() && sinceSeconds(line.closed_at) < MARKABLE_S;
const mayMark = (line) => line.mine || mineToMark(line) || (list.leads && line.state === "claimed");
const lines = () => [...(list?.open ?? []), ...(list?.closed ?? []).filter(mineToMark)];
const line = () => lines().find((one) => one.id === chosen);
const complain = (error) => say(byId("callbacks-problem"), error?.message ?? "");

async function work(act) {
  complain();
  try { await act(); } catch (error) { complain(error); }
  await look();
  focusLine();
}
async function callBack(one) {
  if (!one || !here.dial || ["done", "calling"].includes(one.state)) return;
  if (!here.canDial()) return complain(new Error("振铃或通话中不能外呼"));
  if (one.calling_in) return complain(new Error("这个号码正在呼入，稍候会接到话务员"));
  box().close();
  await here.dial({ callback_id: one.id });
}
function mark(outcome) {
  const one = line();
  if (!one || !mayMark(one)) return complain(new Error(here.dial ? "先领取（回车拨打，或按“领取”），再记结果" : "领取了的才能记结果：先交给一位话务员"));
  const said = byId("callbacks-note").value.trim();
  return work(async () => {
    await post(`${API}/${one.id}/result`, { outcome, note: said });
    byId("callbacks-note").value = "";
  });
}
function onKey(event) {
  if (event.target.closest("input, select") || event.altKey || event.ctrlKey || event.isComposing) return;
  const all = lines();
  const at = all.findIndex((one) => one.id === chosen);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[event.key];
  if (to !== undefined) { event.preventDefault(); if (all[to]) { chosen = all[to].id; draw(); focusLine(); } return; }
  if (event.key === "Enter" && event.target.closest(".back-line")) { event.preventDefault(); callBack(line()); }
  const outcome = list?.outcomes[Number(event.key) - 1];
  if (outcome) { event.preventDefault(); event.stopPropagation(); mark(outcome.key); }
}
const focusLine = () => box().querySelector(".back-line[aria-selected=true]")?.focus();

const timeOf = (one) => {
  if (one.state === "done") return `${one.label}`;
  const left = -sinceSeconds(one.due_at);
  return left < 0 ? `▲ 超时 ${duration(-left)}` : `剩 ${duration(left)}`;
};
const levelOf = (one) => { const left = -sinceSeconds(one.due_at); return one.state === "done" ? "good" : left < 0 ? "bad" : left < 600 ? "fair" : "good"; };
function drawTimes() {
  for (const one of lines()) {
    const place = box().querySelector(`[data-line="${one.id}"] .back-due`);
    if (place) { say(place, timeOf(one)); place.dataset.level = levelOf(one); }
  }
}
function draw() {
  const had = box().querySelector(".back-line:focus") !== null;
  const all = lines();
  byId("callbacks-lines").replaceChildren(...all.map(row));
  byId("callbacks-empty").hidden = all.length > 0;
  say(byId("callbacks-empty"), list ? "没有要回拨的来电" : "正在读取…");
  drawDetails();
  byId("callbacks-results").replaceChildren(...(list?.outcomes ?? []).map((one, index) => {
    const made = make("button", one.label, { class: "btn btn-sm", type: "button", "data-testid": `callback-result-${one.key}` }, make("kbd", String(index + 1)));
    made.disabled = !line() || !mayMark(line());
    made.onclick = () => mark(one.key);
    return made;
  }));
  if (had) focusLine();
}
function row(one) {
  const owner = one.owner && one.state !== "waiting" ? `${one.label} ${one.owner.name}` : one.not_before && sinceSeconds(one.not_before) < 0 ? `${moment(one.not_before)} 后再拨` : one.label;
  const made = make("div", null, { class: "back-line", role: "option", "aria-selected": String(one.id === chosen), tabindex: one.id === chosen ? "0" : "-1", "data-line": one.id, "data-testid": "callback-line", "data-state": one.state },
    make("b", grouped(one.number)),
    make("span", `${one.who ? `${one.who} · ` : ""}${one.source_label}${one.times > 1 ? ` ×${one.times}` : ""}${one.calling_in ? " · 正在呼入" : ""}`),
    make("span", moment(one.last_at)),
    make("span", timeOf(one), { class: "back-due", "data-level": levelOf(one) }),
    make("span", one.tries ? `已拨 ${one.tries} 次` : ""),
    make("span", owner),
  );
  made.onclick = () => { chosen = one.id; draw(); focusLine(); };
  made.ondblclick = () => callBack(one);
  return made;
}
// A list that somebody has open, or a button with the focus, is not replaced by the same one at each fact
let detailsShown = "";
function drawDetails() {
  const one = line();
  const now = JSON.stringify([one, list?.people, here.dial ? here.canDial() : null]);
  if (now === detailsShown) return;
  detailsShown = now;
  const place = byId("callbacks-one");
  const had = place.contains(document.activeElement) ? document.activeElement.dataset.testid : "";
  place.replaceChildren(...details(one));
  if (had) (place.querySelector(`[data-testid=${had}]:not(:disabled)`) ?? box().querySelector(".back-line[aria-selected=true]"))?.focus();
}
function details(one) {
  if (!one) return [];
  const button = (words, testid, act, allowed = true) => { const made = make("button", words, { class: "btn btn-sm", type: "button", "data-testid": testid }); made.onclick = act; made.disabled = !allowed; return made; };
  const order = (verb, body) => work(() => post(`${API}/${one.id}/${verb}`, body));
  const parts = [
    ...(here.dial ? [
      button("领取并拨打（回车）", "callback-dial", () => callBack(one), here.canDial() && !["done", "calling"].includes(one.state)),
      button("领取", "callback-claim", () => order("claim"), one.state === "waiting"),
    ] : []),
    button("退回", "callback-release", () => order("release"), one.state === "claimed" && (one.mine || list.leads)),
  ];
  if (list.leads && ["waiting", "claimed"].includes(one.state)) {
    if (!list.people.length) parts.push(make("span", "没有话务员在席，不能交给谁", { class: "quiet p-0" }));
    const choose = make("select", null, { class: "form-select form-select-sm w-auto", "aria-label": "交给", "data-testid": "callback-assign" }, new Option("交给…", ""), ...list.people.map((person) => new Option(`${person.seat}号席 ${person.name}`, person.id)));
    choose.onchange = () => choose.value && order("assign", { account_id: Number(choose.value) });
    if (list.people.length) parts.push(choose);
  }
  if (one.ticket) parts.push(make("span", null, { "data-testid": "callback-ticket" }, ticketLink(one.ticket, `工单 ${one.ticket.number}`, { target: "_blank" })));
  const tries = one.attempts.map((attempt) => make("li", `${moment(attempt.began_at)} ${attempt.who} ${attempt.label}${attempt.note ? `：${attempt.note}` : ""}`));
  const asked = one.who ? [make("p", `${one.who}：${one.source_label}`, { class: "back-who", "data-testid": "callback-who" })] : [];
  return [...asked, make("div", null, { class: "back-keys" }, ...parts), make("ul", null, { class: "back-tries" }, ...tries)];
}
