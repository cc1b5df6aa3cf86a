// A call of life and death goes over to 110, 119, 120 or 122: one press where the caller's words are plain, else a choice
// with digit keys. Each service is a party of its own: one more is called in the same way. When they have taken over, the
// operator leaves and the caller goes on talking.
import { get, make, post } from "./api.js";
import { desk, inSight, problem } from "./desk.js";
import { bind } from "./keys.js";
import { pressOnce } from "./press_once.js";

const API = "/api/v1/handovers";
const SERVICES = ["110", "119", "120", "122"];
const ON_THE_WAY = ["ordered", "next_number", "dialling", "ringing", "answered"];
let panel; // what the bridge panel lends: running(), take(bridge), draw()
let choice = null; // the services to choose from
let busy = false;

export function mountHandover(lent) {
  panel = lent;
  bind("Alt+E", "handover", "移交 110/119/120/122；对方接通后：已移交，我退出");
  bind("Alt+O", "handover-more", "再叫一个：110/119/120/122 各是一方，可以同时来");
  SERVICES.forEach((service, at) => bind(String(at + 1), `handover-${service}`, ""));
}
const states = () => (panel.running()?.legs ?? []).filter((leg) => leg.role.startsWith("emergency")).map((leg) => leg.state);
export function handoverKeys() {
  if (!desk.callId || !["talking", "held"].includes(desk.seat?.state)) { choice = null; return null; }
  const box = make("div", null, { class: "bridge-keys", role: "group", "aria-label": "移交紧急服务" });
  const called = states();
  const taken = called.includes("joined") && !called.some((state) => ON_THE_WAY.includes(state));
  if (taken) box.append(button("handover", "已移交，我退出", "Alt+E", done));
  if (choice) choice.forEach((one) => box.append(button(`handover-${one.service}`, one.label, String(SERVICES.indexOf(one.service) + 1), () => handOver(one.service), "btn-danger")));
  else if (called.length) box.append(button("handover-more", busy ? "正在呼叫…" : "再叫 110/119/120", "Alt+O", propose, "btn-outline-danger"));
  else box.append(button("handover", busy ? "正在呼叫…" : "移交 110/119/120", "Alt+E", propose, "btn-outline-danger"));
  return box.childElementCount ? box : null;
}
function button(id, words, keys, act, kind = "btn-success") {
  const made = make("button", null, { class: `btn btn-sm ${kind}`, id, type: "button", "data-testid": id }, make("span", words, { class: "label" }), make("kbd", keys));
  made.disabled = busy;
  made.onclick = () => work(act);
  return made;
}
async function work(act) {
  if (busy) return;
  busy = true;
  panel.draw();
  try { await act(); problem(); } catch (error) { problem(error); } finally { busy = false; panel.draw(); }
}
async function propose() {
  const found = await get(`${API}/${encodeURIComponent(desk.callId)}`);
  if (found.suggested) return handOver(found.suggested);
  const left = found.services.filter((one) => !one.called);
  choice = left.length ? left : null;
  document.activeElement?.blur(); // so that a digit chooses, and is not typed into the ticket
}
async function handOver(service) {
  choice = null;
  panel.take(await pressOnce(API, { service }, inSight()));
}
async function done() { panel.take(await post(`${API}/${panel.running().id}/done`)); }
