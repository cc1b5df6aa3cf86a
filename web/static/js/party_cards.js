// The cards of a conference's parties and the keys on them. Alt+W puts the focus on a card; then digits and arrows choose
// another, and single letters act on it. Nothing of this is heard while somebody writes: a card is no field.
import { make, moment } from "./api.js";
import { bind, note } from "./keys.js";

// What changes a card
export const CARD_FACTS = ["BridgePressed", "BridgeTicketed", "BridgeEnded", "LegDialled", "LegRang", "LegAnswered", "LegJoined", "LegHeld", "LegWasBusy", "LegUnanswered", "LegMovedOn", "LegAskedBack", "LegLeft", "LegRemoved", "LegFailed", "LegRedialled", "LegMuted", "LegTalked"];
export const OVER = ["busy", "no_answer", "call_back", "left", "removed", "failed"];
const NO_NUMBER = { grid_worker: "没有号码：先选乡镇和村，再重拨", handling_unit: "没有号码：先选分类，再重拨" };
const HINT = "Alt+W 选卡片，1–9 或左右键换一张；M 静音，R 重拨，Delete 移出";

// `place` holds the cards; the button is what Alt+W presses, so that the key is in the help like all others
export function mountCards(place) {
  const button = make("button", null, { class: "btn btn-sm", id: "cards-focus", type: "button", "data-testid": "cards-focus", title: HINT }, make("span", "选卡片", { class: "label" }), make("kbd", "Alt+W"));
  button.onclick = () => step(place(), 1);
  bind("Alt+W", "cards-focus", "选会议中的一张卡片，再按是下一张");
  note("1–9 ← →", "在卡片上：换一张");
  note("M R Delete", "在卡片上：静音或取消静音，重拨，移出");
  return button;
}
const cardsOf = (place) => [...place.querySelectorAll(".party")];
function step(place, by) {
  const cards = cardsOf(place).filter((card) => card.tabIndex === 0); // a leader's has no keys, and stopped who came to it
  const at = cards.indexOf(document.activeElement?.closest(".party"));
  cards.at((at + by) % cards.length)?.focus();
}
function onKey(event) {
  if (event.altKey || event.ctrlKey || event.metaKey || event.repeat || event.isComposing) return;
  const place = event.currentTarget.parentElement;
  const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (by) step(place, by);
  else if (/^[1-9]$/.test(event.key)) cardsOf(place)[event.key - 1]?.focus();
  else if (!press(event.currentTarget, event.key)) return;
  event.preventDefault();
  event.stopPropagation(); // the page's own digits mean something else
}
function press(box, key) {
  const name = { m: "M", r: "R", delete: "Delete" }[key.toLowerCase()];
  const button = name && box.querySelector(`[aria-keyshortcuts="${name}"]`);
  if (button) button.click();
  return Boolean(name);
}
const key = (words, name, act) => {
  const made = make("button", null, { class: "btn btn-sm", type: "button", "aria-keyshortcuts": name, "aria-label": words }, make("span", words), make("kbd", name === "Delete" ? "Del" : name));
  made.onclick = act;
  return made;
};

// `order(path, body)` sends an order; without it the card has no keys. `kept` are parties that no key may touch
export function partyCard(leg, at, { running, speaking, order, kept }) {
  const over = OVER.includes(leg.state) || !running;
  const tried = leg.numbers > 1 ? ` · ${Math.min(leg.attempt, leg.numbers)}/${leg.numbers} 号码` : "";
  const box = make("div", null, { class: `party${speaking ? " speaking" : ""}`, "data-state": leg.state, "data-testid": `leg-${leg.role}` },
    make("b", leg.role_label + (speaking ? " ♪" : "")),
    make("span", leg.label + (leg.muted ? " · 已静音" : ""), { class: "party-state" }),
    make("small", leg.state === "failed" && !leg.numbers ? NO_NUMBER[leg.role] ?? "通讯录里没有可呼叫的号码" : [leg.name, leg.number_label, leg.number_masked].filter(Boolean).join(" ") + tried),
    leg.callback ? make("small", promised(leg.callback), { class: "party-promised", "data-testid": "party-callback" }) : "");
  if (!running || !order || leg.role.startsWith("leader")) return box;
  box.tabIndex = 0;
  box.setAttribute("role", "group");
  box.setAttribute("aria-label", `${leg.role_label} ${leg.label}`);
  box.title = HINT;
  box.querySelector("b").prepend(make("kbd", String(at), { class: "party-at" }));
  box.addEventListener("keydown", onKey);
  const keys = make("div", null, { class: "party-keys" });
  if (leg.state === "joined") keys.append(key(leg.muted ? "取消静音" : "静音", "M", () => order(`/legs/${leg.id}/mute`, { muted: !leg.muted })));
  if (!kept(leg)) keys.append(over ? key("重拨", "R", () => order(`/legs/${leg.id}/redial`)) : key("移出", "Delete", () => order(`/legs/${leg.id}/remove`)));
  box.append(keys);
  return box;
}
function promised({ owner, due_at: due, label }) {
  return `已列入回拨列表：${label}${owner ? `（${owner}）` : ""}，${moment(due)} 前回拨`;
}
// Each fact draws the cards anew: who works with keys must not be thrown out of them
export function keepFocus(place, draw) {
  const active = place.contains(document.activeElement) ? document.activeElement : null;
  const card = active?.closest(".party");
  const had = active && { card: card?.dataset.testid, self: active === card, words: active.id || active.getAttribute("aria-keyshortcuts") || active.textContent };
  draw();
  if (had) again(place, had)?.focus();
}
function again(place, { card, self, words }) {
  const box = card && place.querySelector(`[data-testid="${card}"]`);
  if (card && (self || !box)) return box;
  const keys = [...(box ?? place).querySelectorAll("button:not(:disabled)")];
  return keys.find((one) => (one.id || one.getAttribute("aria-keyshortcuts") || one.textContent) === words) ?? box;
}
