// The draft that grows while the caller speaks: fills what the operator has not touched, says how sure it is and from
// which words, asks for what is missing. The operator's word always wins; nothing is ever sent by itself.
import { byId, clock, get, make, post } from "./api.js";
import { desk, isMine, onCall, onFact } from "./desk.js";
import { pressBridge, proposeBridge } from "./seat_bridge.js";
import { bind } from "./keys.js";
import { ticketLink } from "./ticket_link.js";

const FORM = { type: "kind", category: "category_code", town: "town_code", village: "village_id", place_detail: "address", phone: "contact_number", event_time: "happened", urgency: "urgency", secret: "secret", respondent: "respondent" };
const SURE = 0.5;
const WAIT_MS = 150;
let draft = null;
let asked = 0;
let soon;
// What the operator wrote, and what the machine wrote last, for this ticket; `taken`: written in elsewhere before this
// page knew it, by another operator or on another computer, so that a default may be somebody's choice
let mine = { touched: [], filled: {} };
let raised = null; // the banner that stands: by which words, and up to which second the caller was heard when it came
let aside = null; // the alarm that was put aside: of which call, of which class, said up to which second

export function mountDraft() {
  const form = byId("ticket");
  for (const name of ["input", "change"]) form.addEventListener(name, (event) => touched(event.target.name));
  onFact(["UtteranceSettled", "TranscriptFinalised", "TranscriptionFailed"], (kind, fact) => { if (isMine(fact)) ask(); });
  onCall(() => { if (!desk.callId) { draft = null; draw(); } else ask(); });
  bind("Alt+C", "draft-accept", "采用草稿中的全部内容");
  bind("Alt+U", "draft-join", "把本单并入最像的一件");
  bind("Alt+I", "alarm-ignore", "这不是紧急情况（会记录）");
}
const store = () => `draft-${desk.ticket.ticket?.id}`;
function remember() { if (desk.ticket.ticket) sessionStorage.setItem(store(), JSON.stringify(mine)); }
function recall() {
  mine = JSON.parse(sessionStorage.getItem(store()) ?? "null") ?? { touched: [], filled: {}, taken: (desk.ticket.ticket?.version ?? 1) > 1 };
}
function touched(name) {
  if (!name || !desk.ticket.ticket) return;
  recall();
  if (!mine.touched.includes(name)) mine.touched.push(name);
  remember();
  draw();
}

function ask() { soon ??= setTimeout(() => { soon = undefined; fetchDraft().catch(() => {}); }, WAIT_MS); }
async function fetchDraft() {
  const callId = desk.callId;
  if (!callId || !desk.call?.answered_at) return;
  const turn = ++asked;
  const known = aside?.callId === callId ? `?${new URLSearchParams({ aside_class: aside.danger, aside_s: aside.heard_s })}` : "";
  const fresh = await get(`/api/calls/${callId}/draft${known}`);
  if (turn !== asked || callId !== desk.callId) return;
  if (!fresh.ready) { setTimeout(ask, 2000); draft = fresh; return draw(); }
  draft = fresh;
  recall();
  fill(false);
  draw();
  const reason = fresh.alarm && `${callId} ${fresh.alarm.class} ${fresh.alarm.evidence?.words}`;
  if (reason !== raised?.reason) raised = reason && { reason, heard_s: fresh.alarm.heard_s };
  proposeBridge(fresh.alarm);
}

const valueOf = (name, field) => (name === "town" || name === "village" ? field.code : field.value);
function wanted(all) {
  const found = {};
  for (const [name, target] of Object.entries(FORM)) {
    const field = draft.fields[name];
    const value = valueOf(name, field);
    if (value === null || value === undefined || value === "") continue;
    if (name === "secret" && value !== true) continue;
    if (all || field.confidence >= SURE) found[target] = value;
  }
  if (draft.content) found.content = draft.content;
  return found;
}
// Only into what nobody has written: empty, still the default, or what the machine itself wrote last
function fill(all) {
  const ticket = desk.ticket;
  if (!ticket.ticket?.editable) return;
  const now = ticket.values();
  const put = {};
  for (const [name, value] of Object.entries(wanted(all))) {
    if (mine.touched.includes(name)) continue;
    const own = String(now[name] ?? "");
    const standard = own === "false" || (name === "urgency" && own === "一般") || (name === "contact_number" && own === desk.call?.caller);
    const blank = own === "" || (standard && !mine.taken);
    if (own !== String(value) && (blank || own === String(mine.filled[name] ?? " "))) put[name] = value;
    if (own === String(value) || name in put) mine.filled[name] = value;
  }
  remember();
  if (!Object.keys(put).length) return;
  ticket.fill(put);
  for (const name of Object.keys(put)) flash(byId("ticket").elements[name]);
}
function flash(field) {
  field?.classList.remove("drafted");
  void field?.offsetWidth;
  field?.classList.add("drafted");
}
function acceptAll() {
  recall();
  fill(true);
  for (const name of Object.keys(wanted(true))) if (!mine.touched.includes(name)) mine.touched.push(name);
  remember();
  draw();
}
function accept(name) {
  recall();
  const value = valueOf(name, draft.fields[name]);
  desk.ticket.fill({ [FORM[name]]: value });
  if (!mine.touched.includes(FORM[name])) mine.touched.push(FORM[name]);
  remember();
  draw();
}
async function ignoreAlarm() {
  const { callId } = desk;
  const { alarm } = draft;
  const before = aside?.callId === callId ? aside.danger : "E2";
  aside = { callId, danger: alarm.class < before ? alarm.class : before, heard_s: raised.heard_s };
  draft.alarm = null;
  asked += 1; // what is on its way was asked before and would bring the banner back
  proposeBridge(null);
  draw();
  ask();
  await post(`/api/calls/${callId}/draft/ignored`, { emergency_class: alarm.class, words: (alarm.evidence?.words ?? "").slice(0, 200) });
}

const howSure = (share) => (share >= 0.8 ? "有把握" : share >= SURE ? "较有把握" : "请核对");
function draw() {
  const place = byId("draft");
  place.replaceChildren();
  if (!draft || !desk.callId) return;
  if (!draft.ready) return place.append(make("h2", "自动填单"), make("p", draft.reason, { class: "quiet" }));
  if (draft.alarm) place.append(banner(draft.alarm));
  const head = make("h2", "自动填单");
  const all = make("button", null, { class: "btn btn-sm", id: "draft-accept", type: "button", "data-testid": "draft-accept" }, make("span", "全部采用", { class: "label" }), make("kbd", "Alt+C"));
  all.onclick = acceptAll;
  head.append(all);
  place.append(head);
  const missing = stillMissing();
  if (draft.deaf) place.append(make("p", `已停止听写（${draft.deaf}），之后的话不会自动填入，请手工补充`, { class: "draft-missing", role: "alert", "data-testid": "draft-deaf" }));
  if (missing.length) place.append(make("p", `还差：${missing.map((one) => one.label).join("、")}`, { class: "draft-missing", "data-testid": "draft-missing", role: "status" }));
  if (!draft.model) place.append(make("p", draft.reason, { class: "text-muted small" }));
  const rows = make("dl", null, { class: "draft-rows", "data-testid": "draft-rows" });
  for (const [name, field] of Object.entries(draft.fields)) if (show(name, field)) rows.append(...row(name, field));
  place.append(rows);
  if (draft.similar.length) place.append(similar());
}
// What the operator has written need not be asked; the number that calls is a contact number unless another is given
const ASKS = { category: ["category_code"], place: ["town_code", "village_id", "address"], event_time: ["happened"], respondent: ["respondent"], secret: ["secret"] };
function stillMissing() {
  const now = desk.ticket.ticket ? desk.ticket.values() : {};
  // A number is asked for where the call shows none
  const asks = desk.call?.caller === "" ? { ...ASKS, phone: ["contact_number"] } : ASKS;
  return draft.missing.filter(({ name }) => asks[name] && !asks[name].some((field) => mine.touched.includes(field) && now[field]));
}
const show = (name, field) => field.value !== null && field.value !== "" && !(name === "secret" && !field.value) && !(name === "urgency" && field.value === "一般");
function row(name, field) {
  const target = FORM[name];
  const own = target && mine.touched.includes(target);
  const value = make("dd", null, { "data-testid": `draft-${name}`, class: own ? "own" : field.confidence < SURE ? "unsure" : "" }, make("b", field.shown ?? field.value));
  value.append(make("small", own ? "已由您确定" : `${howSure(field.confidence)} ${Math.round(field.confidence * 100)}%`));
  if (field.evidence) {
    const jump = make("button", null, { class: "btn btn-link btn-sm evidence", type: "button", title: `跳到这句话：${field.evidence.words}` }, make("span", `“${field.evidence.words}”`), clock(field.evidence.at_s));
    jump.onclick = () => document.querySelector(`[data-line="${field.evidence.utterance_id}"]`)?.scrollIntoView({ block: "center" });
    value.append(jump);
  }
  if (target && !own && field.confidence < SURE) {
    const take = make("button", "采用", { class: "btn btn-sm", type: "button" });
    take.onclick = () => accept(name);
    value.append(take);
  }
  return [make("dt", field.label), value];
}
function banner(alarm) {
  const box = make("div", null, { class: "alarm", role: "alert", "data-testid": "alarm" }, make("b", `⚠ 疑似${alarm.label}`));
  if (alarm.evidence) box.append(make("span", `“${alarm.evidence.words.length > 20 ? `${alarm.evidence.words.slice(0, 20)}…` : alarm.evidence.words}”`));
  const press = make("button", null, { class: "btn btn-danger", type: "button" }, make("span", "一键三方", { class: "label" }), make("kbd", "F9"));
  press.onclick = () => pressBridge();
  const ignore = make("button", null, { class: "btn", id: "alarm-ignore", type: "button", "data-testid": "alarm-ignore" }, make("span", "不是紧急情况", { class: "label" }), make("kbd", "Alt+I"));
  ignore.onclick = () => ignoreAlarm().catch(() => {});
  box.append(press, ignore);
  return box;
}
function similar() {
  const list = make("div", null, { class: "draft-similar", "data-testid": "draft-similar" }, make("b", "可能是同一件事："));
  draft.similar.forEach((one, place) => list.append(make("div", null, { class: "draft-like" }, ticketLink(one, `${one.number} ${one.status_label} ${one.title || "未填写"}${one.same_caller ? "（同一来电人）" : ""}`, { target: "_blank" }), joinButton(one, place === 0))));
  return list;
}
// The key takes the likest; the others are reached with Tab. Nothing is joined without a second word
function joinButton(one, first) {
  const button = make("button", null, { class: "btn btn-sm", type: "button", "data-testid": `join-${one.number}`, ...(first ? { id: "draft-join" } : {}) }, make("span", "并入", { class: "label" }));
  if (first) button.append(make("kbd", "Alt+U"));
  button.disabled = !desk.ticket.ticket?.editable;
  button.onclick = async () => {
    if (!confirm(`把本单并入 ${one.number}？本单保留自己的来电人和录音，状态变为“已合并”，不再单独派单。`)) return;
    await desk.ticket.join(one.id);
    draw();
  };
  return button;
}
