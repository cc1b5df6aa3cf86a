// The dial dialogue: a number typed and confirmed, the last ones once more, or somebody of the directory.
import { byId, get, grouped, make, moment } from "./api.js";
import { bind } from "./keys.js";
import { dial } from "./seat_outbound.js";

const box = () => byId("dial");

export function mountDial() {
  bind("Alt+D", "dial-open", "外呼：拨号、重拨、通讯录");
  byId("dial-open").onclick = () => (box().open ? box().close() : open());
  byId("dial-close").onclick = () => box().close();
  byId("dial-form").onsubmit = (event) => { event.preventDefault(); typed(); };
  byId("dial-search").oninput = search;
}
async function open() {
  byId("dial-number").value = byId("dial-search").value = "";
  byId("dial-problem").textContent = "";
  // Nothing of the last time: a click must not reach whom the list showed then
  for (const id of ["dial-found", "dial-recent"]) byId(id).replaceChildren();
  box().showModal();
  byId("dial-number").focus();
  const { calls, failed } = await get("/api/v1/outbound").catch((error) => ({ calls: [], failed: error.message }));
  byId("dial-recent").replaceChildren(...calls.map(recent).filter(Boolean));
  if (!calls.length) byId("dial-recent").append(make("p", failed ?? "还没有外呼过", { class: "quiet" }));
}
function go(what) {
  box().close();
  dial(what);
}
function typed() {
  const digits = byId("dial-number").value.replace(/[\s-]/g, "");
  if (!/^[0-9]{3,15}$/.test(digits)) { byId("dial-problem").textContent = "请输入 3 到 15 位数字"; return; }
  if (confirm(`拨打 ${grouped(digits)}？对方会看到热线号码，通话会录音。`)) go({ digits });
}
function recent(call) {
  const leg = call.legs.find((one) => !["seat", "caller"].includes(one.role) && !one.seat_id);
  if (!leg) return null;
  const one = make("button", null, { class: "btn dial-row", type: "button" }, make("b", leg.number_masked), make("span", [leg.name, leg.joined_at ? "接通" : leg.label].filter(Boolean).join(" · ")), make("time", moment(call.pressed_at)));
  one.onclick = () => go({ bridge_id: call.id });
  return one;
}
async function search() {
  const words = byId("dial-search").value.trim();
  if (words.length < 2) return byId("dial-found").replaceChildren();
  const kinds = await Promise.all(["units", "contacts"].map((kind) => get(`/api/v1/directory/${kind}?q=${encodeURIComponent(words)}`).catch(() => ({ rows: [] }))));
  if (byId("dial-search").value.trim() !== words) return;
  const numbers = kinds.flatMap(({ rows }) => rows.flatMap((row) => row.numbers.map((one) => ({ ...one, name: row.name }))));
  byId("dial-found").replaceChildren(...numbers.slice(0, 5).map((one) => {
    const made = make("button", null, { class: "btn dial-row", type: "button" }, make("b", one.masked), make("span", `${one.name}${one.verified_at ? "" : "（未核实）"}`));
    made.onclick = () => go({ number_id: one.id });
    return made;
  }));
  if (!numbers.length) byId("dial-found").append(make("p", "没有找到", { class: "quiet" }));
}
