// The conference at which the leader's ear is: a card for each party; who took it over has the keys that the seat had.
import { ask, byId, clock, inOrder, make, post } from "./api.js";
import { open } from "./bridge_add.js";
import { bind } from "./keys.js";
import { CARD_FACTS, keepFocus, mountCards, partyCard } from "./party_cards.js";
import { hearing, onDraw, problem, since } from "./supervisor_desk.js";
import { mountPress, pressNews, pressPart } from "./supervisor_press.js";

export const ROOM_FACTS = CARD_FACTS;
const API = "/api/v1/bridges";
const PATIENCE_MS = 5000;
const INSIDE = ["joined", "held"];
let room = null;
let newestId = null; // the newest room of that call, running or over
let of = null; // the call whose room it is
let looked = false; // whether we know if that call has a room
let talking = new Set();
let chooser; // the button that puts the focus on a card

export function mountRoom() {
  chooser = mountCards(() => byId("bridge"));
  bind("F3", "room-hold", "接管的会议：来电听音乐");
  bind("F3", "room-join", "接管的会议：接回来电");
  bind("Alt+J", "room-add", "接管的会议：加人");
  bind("Alt+E", "room-end", "接管的会议：全部结束");
  mountPress({ take, draw, problem, roomId: () => newestId });
  onDraw(follow);
  setInterval(() => { if (room) tick(); }, 1000);
}
export function roomNews(kind, fact) {
  pressNews(kind, fact);
  if (!CARD_FACTS.includes(kind) || !of || (fact.call_id !== of && fact.bridge_id !== room?.id)) return;
  if (kind !== "LegTalked") return refreshSoon();
  if (fact.talking) talking.add(fact.leg_id); else talking.delete(fact.leg_id);
  draw();
}
function follow() {
  const call = hearing()?.call_id ?? null;
  if (call !== of) {
    [of, room, newestId, talking, looked] = [call, null, null, new Set(), false];
    refresh().catch(problem);
  }
  draw();
}
export async function runningRoom(callId) {
  if (!callId) return null;
  const { bridges } = await ask("GET", `${API}?call_id=${encodeURIComponent(callId)}`, undefined, PATIENCE_MS);
  return bridges.find((one) => one.kind !== "outbound" && one.state !== "ended") ?? null;
}
// Who talks on when the seat has gone, in the words of a question
export const staying = ({ legs }) => legs.filter((leg) => leg.role !== "seat" && !leg.role.startsWith("leader") && INSIDE.includes(leg.state)).map((leg) => leg.role_label).join("、");
let soon;
const refreshSoon = () => { soon ??= setTimeout(() => { soon = undefined; refresh().catch(() => {}); }, 40); };
const newest = inOrder();
async function refresh() {
  const call = of;
  if (!call) return;
  const found = await newest(() => runningRoom(call));
  if (found === undefined || call !== of) return;
  [room, looked] = [found, true];
  newestId = found?.id ?? newestId;
  draw();
}
// The answer to a press may be older than the facts that overtook it: look once more
function take(fresh) {
  if (fresh.call_id === of) { room = fresh; newestId = fresh.id; }
  refreshSoon();
}
async function order(path, body) {
  try { room = await post(`${API}/${room.id}${path}`, body ?? {}); problem(); } catch (error) { problem(error); }
  refreshSoon();
  draw();
}
const mayOrder = () => hearing()?.state === "taken_over";
const key = (id, words, shortcut, act, more = "") => {
  const made = make("button", null, { class: `btn btn-sm ${more}`, id, type: "button", "data-testid": id }, make("span", words, { class: "label" }), make("kbd", shortcut));
  made.onclick = act;
  return made;
};
function keys() {
  const caller = room.legs.find((leg) => leg.role === "caller");
  const row = make("div", null, { class: "bridge-keys", role: "group", "aria-label": "全部各方" }, chooser);
  if (caller?.state === "held") row.append(key("room-join", "接回来电", "F3", () => order("/join"), "btn-success"));
  if (caller?.state === "joined") row.append(key("room-hold", "来电听音乐", "F3", () => order("/hold")));
  row.append(key("room-add", "＋ 加人", "Alt+J", () => open((body) => order("/legs", body), room.legs)));
  row.append(key("room-end", "结束三方", "Alt+E", () => confirm("结束后各方和来电都会挂断，确定吗？") && order("/end"), "btn-outline-danger"));
  return row;
}
const headline = () => `${room.label} ${clock(since(room.pressed_at))}`;
function draw() {
  const place = byId("bridge");
  const running = room && room.state !== "ended" && hearing();
  // Alone with the caller he has the key that a seat has; in a conference there is one already
  const press = pressPart(!running && looked && mayOrder() ? of : null);
  if (!running) return keepFocus(place, () => place.replaceChildren(...press));
  const head = make("h2", room.kind_label, {}, make("span", headline(), { class: "bridge-state", "data-testid": "bridge-state" }));
  // The caller stays until he hangs up or all is ended; the seat has gone, and is nobody to be called
  const kept = ({ role }) => role === "caller" || role === "seat";
  const card = (leg, at) => partyCard(leg, at + 1, { running: true, speaking: talking.has(leg.id), order: mayOrder() ? order : null, kept });
  const how = mayOrder() ? keys() : make("p", "只看；接管（F4）以后由您操作各方", { class: "quiet", "data-testid": "room-read-only" });
  const cards = make("div", null, { class: "parties", "data-testid": "legs" }, ...room.legs.map(card));
  keepFocus(place, () => place.replaceChildren(head, how, cards));
}
function tick() {
  const place = byId("bridge").querySelector(".bridge-state");
  if (place) place.textContent = headline();
}
