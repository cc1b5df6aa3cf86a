// Calling out: one order rings this seat and the other side together; live state, why it failed, once more.
import { byId, clock, get, grouped, inOrder, make, sinceSeconds } from "./api.js";
import { desk, onBoard, onCall, onFact, onPhone, problem, tell } from "./desk.js";
import { allow } from "./pending.js";
import { CARD_FACTS } from "./party_cards.js";
import { pressOnce } from "./press_once.js";

const FREE = ["ready", "paused", "wrap_up"];
let out = null; // the conference of the call, as the server has it
let wanted = null; // what was ordered, to order it again
let number = ""; // shown to the one who dials it
let ordering = false;
let newestId = null; // of the calls out that this page has heard of
let ticketShown = null;

export const running = () => Boolean(out) && out.state !== "ended";
export const canDial = () => FREE.includes(desk.seat?.state) && !desk.phone?.session && !ordering && !running();

export function mountOutbound() {
  onFact(CARD_FACTS, (kind, fact) => { if (fact.bridge_id === out?.id && kind !== "LegTalked") lookSoon(); });
  onBoard(() => { adopt(); letGoOfTicket(); draw(); });
  onPhone(draw);
  onCall(draw);
  setInterval(() => { if (running()) draw(); }, 1000);
  byId("ticket-dial").onclick = async () => {
    const { ticket } = desk;
    if (ticket.dirty && !(await ticket.save())) return;
    if (ticket.ticket) dial({ ticket_id: ticket.ticket.id });
  };
}
// `what` says whom, as POST /api/v1/outbound takes it
export async function dial(what) {
  if (!canDial()) return problem(new Error(desk.seat ? "振铃或通话中不能外呼" : "请先入席"));
  ordering = true;
  out = null;
  number = "";
  wanted = what;
  draw();
  try {
    const made = await pressOnce("/api/v1/outbound", what, newestId);
    number = made.number ?? "";
    out = made;
    newestId = made.id;
    lookSoon(); // what was told of it before its number was known here went to nobody
    problem();
  } catch (error) {
    problem(error);
  } finally { ordering = false; draw(); }
  return out;
}
const again = () => dial(wanted?.callback_id ? wanted : { bridge_id: out.id });
let soon;
const lookSoon = () => { soon ??= setTimeout(() => { soon = undefined; if (out) look(out.id).catch(() => {}); }, 40); };
const newest = inOrder();
async function look(id) {
  const fresh = await newest(() => get(`/api/v1/bridges/${id}`));
  if (!fresh || out?.id !== id) return; // put away, or dialled again meanwhile
  out = fresh;
  if (out.ticket_id && other()?.joined_at && ticketShown !== out.ticket_id) await showTicket(out.ticket_id);
  draw();
}
export async function refreshOutbound() { if (out) await look(out.id); }
// The page was loaded again in the middle of it
function adopt() {
  const room = desk.seat?.bridge_id;
  if (!room || room === out?.id || ordering) return;
  get(`/api/v1/bridges/${room}`).then((found) => { if (found.kind === "outbound") { out = found; newestId = found.id; wanted = null; look(found.id).catch(() => {}); } }, () => {});
}
async function showTicket(id) {
  ticketShown = id;
  const form = desk.ticket;
  if (form.ticket?.id === id) return;
  if (form.ticket && form.dirty && !(await form.save())) return;
  await form.open(id).catch(problem);
}
// Back to ready: the ticket of the call is saved and put away, as after a call that came in
async function letGoOfTicket() {
  if (!ticketShown || running() || desk.seat?.state !== "ready" || desk.callId || desk.ticket.busy) return;
  const id = ticketShown;
  ticketShown = null;
  if (desk.ticket.ticket?.id === id && await desk.ticket.save() && !desk.callId) desk.ticket.close();
}
const other = () => out?.legs.find((leg) => !["seat", "caller"].includes(leg.role) && !leg.seat_id);
const seatLeg = () => out?.legs.find((leg) => leg.role === "seat");

// Why nothing came of it, in the words of who placed the call
function words() {
  if (ordering) return "正在呼叫…";
  const leg = other();
  if (!running() && leg.joined_at) return "已结束";
  if (running()) return seatLeg()?.state === "ringing" || seatLeg()?.state === "ordered" ? `${leg.label}（本席话机接入中）` : leg.label;
  const cause = leg.cause;
  if (leg.state === "busy") return cause === 21 ? "对方拒接" : "对方忙";
  if (leg.state === "no_answer") return [1, 2, 3, 20, 22, 28].includes(cause) ? "空号或关机" : [27, 34, 38, 41, 42, 44, 47, 58].includes(cause) ? "线路忙，没有拨出" : "无人接听";
  return ["joined", "left"].includes(seatLeg()?.state) ? "已取消" : "本席话机没有接入";
}
function draw() {
  const place = byId("outbound");
  place.hidden = !out && !ordering;
  byId("call").classList.toggle("calls-out", running()); // the card below has the keys; whom and since when is said here
  for (const id of ["dial-open", "ticket-dial"]) allow(id, canDial());
  if (place.hidden) return;
  const leg = other();
  const live = running() && leg.state === "joined";
  const parts = [
    make("h2", "外呼", {}, make("span", words(), { class: "outbound-state", "data-testid": "outbound-state", role: "status", "data-state": leg?.state ?? "ordered" })),
    make("div", number ? grouped(number) : leg?.number_masked ?? "", { class: "number", "data-testid": "outbound-number" }),
    make("div", [leg?.name, leg?.number_label].filter(Boolean).join(" · "), { class: "text-muted" }),
    make("div", live ? `通话 ${clock(sinceSeconds(leg.joined_at))} ● 录音中` : "", { class: "outbound-timer" }),
  ];
  if (out && !running()) {
    const retry = make("button", null, { class: "btn btn-sm", type: "button", id: "outbound-again", "data-testid": "outbound-again" }, make("span", "重拨", { class: "label" }));
    retry.disabled = !canDial();
    retry.onclick = again;
    const shut = make("button", "收起", { class: "btn btn-sm", type: "button" });
    shut.onclick = () => { out = null; draw(); tell("call"); };
    parts.push(make("div", null, { class: "bridge-keys" }, retry, shut));
  }
  const had = document.activeElement?.id;
  place.replaceChildren(...parts);
  if (had === "outbound-again") byId(had)?.focus();
}
