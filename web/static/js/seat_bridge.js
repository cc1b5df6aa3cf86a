// One key, three people talking: whom a press would call, the press itself, a card for each party, live.
import { byId, clock, get, inOrder, make, post, sinceSeconds } from "./api.js";
import { desk, inSight, isMine, onBoard, onCall, onFact, problem } from "./desk.js";
import { bind } from "./keys.js";
import { drawKeys } from "./seat_keys.js";
import { open } from "./bridge_add.js";
import { CARD_FACTS, keepFocus, mountCards, partyCard } from "./party_cards.js";
import { pressOnce } from "./press_once.js";
import { handoverKeys, mountHandover } from "./seat_handover.js";
import { roomKeys, tickRoom } from "./seat_transfer.js";

const CALLBACKS = ["CallbackOpened", "CallbackJoined", "CallbackClaimed", "CallbackReleased", "CallbackDone"];
const API = "/api/v1/bridges";
let bridge = null;
let proposal = null; // { alarm, roles }
let talking = new Set();
let pressing = false;
let chooser; // the button that puts the focus on a card

export function mountBridge() {
  mountHandover({ running: () => (running() ? bridge : null), take, draw });
  chooser = mountCards(() => byId("bridge"));
  bind("F9", "bridge-press", "一键三方：网格员、网信部门、承办单位");
  onFact(CARD_FACTS, (kind, fact) => {
    if (kind === "LegTalked" && bridge?.id === fact.bridge_id) { fact.talking ? talking.add(fact.leg_id) : talking.delete(fact.leg_id); return draw(); }
    if (isMine(fact) || bridge?.id === fact.bridge_id) refreshSoon();
  });
  // Whoever pressed 2 is on the call-back list a moment later: its facts name no conference
  onFact(CALLBACKS, () => { if (bridge?.legs.some((leg) => leg.state === "call_back")) refreshSoon(); });
  onFact(["TicketChanged"], (kind, fact) => { if (proposal && fact.ticket_id === desk.ticket.ticket?.id) lookAhead(); });
  onCall(() => { if (!desk.callId) { bridge = proposal = null; talking = new Set(); draw(); } else refreshSoon(); });
  onBoard(draw);
  setInterval(() => { if (bridge && bridge.state !== "ended") tick(); }, 1000);
}
export async function proposeBridge(alarm) {
  if (!alarm) { proposal = null; return draw(); }
  const same = proposal && ["class", "category", "town", "village"].every((name) => proposal.alarm[name] === alarm[name]);
  if (same) return;
  proposal = { alarm, roles: null };
  await lookAhead();
}
// Asked of the press itself, which takes from the ticket what the words did not say
const newestLook = inOrder();
async function lookAhead() {
  const { alarm } = proposal;
  const asked = new URLSearchParams(Object.entries({ category: alarm.category, town_code: alarm.town, village_id: alarm.village }).filter(([, value]) => value));
  const found = await newestLook(() => get(`${API}/preview?${asked}`)).catch(() => null);
  if (proposal?.alarm === alarm && found) proposal.roles = found.roles;
  draw();
}
export async function pressBridge() {
  if (pressing || !canPress()) return;
  pressing = true;
  draw();
  try {
    const { alarm } = proposal ?? {};
    const body = { presser: "seat_call" };
    if (alarm?.category) body.category = alarm.category;
    if (alarm?.town) body.town_code = alarm.town;
    if (alarm?.village) body.village_id = alarm.village;
    take(await pressOnce(API, body, inSight()));
    problem();
  } catch (error) { problem(error); } finally { pressing = false; draw(); }
}
const running = () => bridge && bridge.state !== "ended";
const emergency = () => running() && bridge.kind === "emergency";
// A consultation that runs is no reason not to call for help: it becomes the conference
const canPress = () => Boolean(desk.callId) && desk.seat?.state === "talking" && !emergency() && (!running() || bridge.seat_id === desk.seat.id);
let soon;
const refreshSoon = () => { soon ??= setTimeout(() => { soon = undefined; refreshBridge().catch(() => {}); }, 40); };
// What an order is answered with may be older than the facts that overtook it: look once more
function take(fresh) {
  if (desk.callId) bridge = fresh;
  refreshSoon();
  draw();
}
const newest = inOrder();
export async function refreshBridge() {
  const { callId } = desk;
  if (!callId) return;
  const found = await newest(() => get(`${API}?call_id=${encodeURIComponent(callId)}`));
  if (!found || desk.callId !== callId) return;
  const { bridges } = found;
  bridge = bridges.find((one) => one.kind !== "outbound") ?? null;
  draw();
}
async function order(path, body) {
  try { take(await post(`${API}/${bridge.id}${path}`, body ?? {})); problem(); } catch (error) { problem(error); refreshSoon(); }
}
const button = (words, act, more = {}) => { const made = make("button", words, { class: "btn btn-sm", type: "button", ...more }); made.onclick = act; return made; };

function draw() {
  const place = byId("bridge");
  desk.room = running() ? bridge : null;
  desk.roomId = bridge?.id ?? null;
  drawKeys();
  if (!desk.callId || !desk.call?.answered_at) return place.replaceChildren();
  const head = make("h2", running() ? bridge.kind_label : "一键三方");
  if (bridge) head.append(make("span", `${bridge.label} ${running() ? clock(sinceSeconds(bridge.pressed_at)) : ""}`, { class: "bridge-state", "data-testid": "bridge-state" }));
  const press = make("button", null, { class: "btn btn-danger", id: "bridge-press", type: "button", "data-testid": "bridge-press" }, make("span", pressing ? "正在呼叫…" : bridge?.kind === "emergency" ? "再次一键三方" : "一键三方", { class: "label" }), make("kbd", "F9"));
  press.disabled = pressing || !canPress();
  press.onclick = pressBridge;
  const parts = [head];
  // All keys in one row above the cards: below them the last ones would be out of sight at 1366×768
  if (running()) parts.push(make("div", null, { class: "bridge-bar" }, ...[roomKeys((path) => order(path)), handoverKeys(), roomOrders()].filter(Boolean)));
  if (!emergency()) parts.push(press, running() ? null : preview());
  if (!running()) parts.push(handoverKeys());
  if (bridge) parts.push(make("div", null, { class: "parties", "data-testid": "legs" }, ...bridge.legs.map(card)));
  keepFocus(place, () => place.replaceChildren(...parts.filter(Boolean)));
}
function roomOrders() {
  if (bridge.seat_id !== desk.seat?.id) return null;
  return make("div", null, { class: "bridge-keys", role: "group", "aria-label": "全部各方" }, chooser, button("＋ 加人", () => open((body) => order("/legs", body), bridge.legs)), button(emergency() ? "结束三方" : "全部结束", () => confirm("结束后各方和来电都会挂断，确定吗？") && order("/end"), { class: "btn btn-sm btn-outline-danger", "data-testid": "bridge-end" }));
}
function preview() {
  if (!proposal?.roles) return null;
  const list = make("ul", null, { class: "bridge-who", "data-testid": "bridge-who" });
  for (const role of proposal.roles) {
    const first = role.numbers[0];
    list.append(make("li", `${role.label}：${first ? `${first.name} ${first.label} ${first.masked}` : "没有可呼叫的号码"}`, first ? {} : { class: "problem" }));
  }
  return list;
}
function card(leg, at) {
  const mayOrder = bridge.seat_id === desk.seat?.id;
  const kept = ({ role, seat_id: seat }) => role === "caller" || seat === bridge.seat_id;
  return partyCard(leg, at + 1, { running: running(), speaking: talking.has(leg.id), order: mayOrder ? order : null, kept });
}
function tick() {
  const place = document.querySelector(".bridge-state");
  if (place && running()) place.textContent = `${bridge.label} ${clock(sinceSeconds(bridge.pressed_at))}`;
  tickRoom();
}
