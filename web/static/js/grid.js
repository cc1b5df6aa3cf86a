// The grid worker's page: one key between an emergency and three people talking.
import { byId, clock, get, inOrder, make, post, sinceSeconds } from "./api.js";
import { open } from "./page.js";
import { pressOnce } from "./press_once.js";
import { listen } from "./stream.js";

const FACTS = ["BridgePressed", "BridgeTicketed", "BridgeEnded", "LegDialled", "LegRang", "LegAnswered", "LegJoined", "LegWasBusy", "LegUnanswered", "LegMovedOn", "LegAskedBack", "LegLeft", "LegRemoved", "LegFailed", "LegRedialled", "LegMuted"];
const OVER = ["busy", "no_answer", "call_back", "left", "removed", "failed"];
const API = "/api/v1/grid";
const form = byId("matter");
let lists;
let bridge = null;

function fill(select, options, first) { select.replaceChildren(...(first ? [new Option(first, "")] : []), ...options); }
function villages() {
  fill(form.village, lists.villages.filter((one) => one.town === form.town.value).map((one) => new Option(one.name, one.id)), "村社区（可不选）");
}
function prepare() {
  const here = lists.grids[0];
  fill(form.town, lists.towns.map((one) => new Option(one.name, one.code)), here ? "" : "请选择乡镇街道");
  if (here) form.town.value = here.town;
  villages();
  if (here?.village) form.village.value = here.village;
  const groups = lists.categories.filter((one) => !one.parent).map((parent) => make("optgroup", null, { label: parent.name }, ...lists.categories.filter((one) => one.parent === parent.code).map((one) => new Option(one.name, one.code))));
  fill(form.category, groups, "事项（可不选）");
  byId("unreachable").hidden = lists.reachable;
  byId("press").disabled = !lists.reachable;
}

function draw() {
  const ended = bridge?.state === "ended";
  byId("bridge").hidden = !bridge;
  form.hidden = Boolean(bridge);
  byId("report-part").hidden = Boolean(bridge) && !ended;
  if (!bridge) return;
  byId("bridge-title").textContent = ended ? "三方通话已结束" : `${bridge.label} · ${clock(sinceSeconds(bridge.pressed_at))}`;
  byId("end").hidden = ended;
  byId("done").hidden = !ended;
  byId("legs").replaceChildren(...bridge.legs.map(card));
}
function card(leg) {
  const tried = leg.numbers > 1 ? ` · 第 ${Math.min(leg.attempt, leg.numbers)} 个号码，共 ${leg.numbers} 个` : "";
  const seconds = OVER.includes(leg.state) || bridge.state === "ended" ? "" : ` ${clock(sinceSeconds(leg.since))}`;
  const box = make("div", null, { class: "leg", "data-state": leg.state, "data-testid": `leg-${leg.role}` },
    make("b", leg.role_label), make("span", leg.label + seconds, { class: "leg-state" }),
    make("small", [leg.name, leg.number_label, leg.number_masked].filter(Boolean).join(" ") + tried));
  if (OVER.includes(leg.state) && bridge.state !== "ended") {
    const again = make("button", "重拨", { class: "btn btn-sm", type: "button" });
    again.onclick = () => act(again, () => post(`${API}/bridges/${bridge.id}/legs/${leg.id}/redial`));
    box.append(again);
  }
  return box;
}
async function act(button, order) {
  button.disabled = true;
  byId("press-problem").textContent = "";
  try {
    bridge = await order();
    refreshSoon(); // what was told of it before its number was known here went to nobody
    draw();
    return true;
  } catch (error) {
    byId("press-problem").textContent = error.message;
    return false;
  } finally { button.disabled = false; }
}

form.town.addEventListener("change", villages);
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const body = { category: form.category.value, town: form.town.value, village: form.village.value ? Number(form.village.value) : null, services: [...form.querySelectorAll("[name=services]:checked")].map((one) => one.value) };
  await act(byId("press"), () => pressOnce(`${API}/bridges`, body)); // a second tap, or one after a lost connection, is the same press
});
byId("end").onclick = () => confirm("结束后所有人都会挂断，确定吗？") && act(byId("end"), () => post(`${API}/bridges/${bridge.id}/end`));
byId("done").onclick = () => { bridge = null; draw(); };
byId("report").addEventListener("submit", async (event) => {
  event.preventDefault();
  const { content, address } = event.target.elements;
  byId("report-problem").textContent = byId("report-said").textContent = "";
  event.submitter.disabled = true; // a second tap would be a second ticket
  try {
    const { number } = await post(`${API}/reports`, { content: content.value, address: address.value, town_code: form.town.value || null, village_id: form.village.value ? Number(form.village.value) : null, category_code: form.category.value || null });
    byId("report-said").textContent = `已上报，编号 ${number}，等待热线受理`;
    event.target.reset();
  } catch (error) { byId("report-problem").textContent = error.message; } finally { event.submitter.disabled = false; }
});

const newest = inOrder();
async function refresh() {
  const id = bridge?.id;
  const fresh = id && await newest(() => get(`${API}/bridges/${id}`));
  if (fresh && bridge?.id === id) bridge = fresh;
  draw();
}
let soon;
function refreshSoon() { soon ??= setTimeout(() => { soon = undefined; refresh().catch(() => {}); }, 40); }
await open(async () => {
  lists = await get(`${API}/start`);
  prepare();
  bridge = lists.bridge;
  draw();
});
setInterval(() => bridge && bridge.state !== "ended" && draw(), 1000);
listen((_kind, fact) => { if (bridge && fact.bridge_id === bridge.id) refreshSoon(); }, refresh, FACTS);
