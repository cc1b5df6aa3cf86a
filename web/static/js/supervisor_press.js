// The key 一键三方 of a leader who took a call over and talks alone with its caller: whom it would call, and the press.
import { get, inOrder, make } from "./api.js";
import { bind } from "./keys.js";
import { pressOnce } from "./press_once.js";

const API = "/api/v1/bridges";
const PRESSER = "leader_call";
let pressing = false;
let roles = null; // whom it would call
let of = null; // the call that is theirs
let told; // { take, draw, problem, roomId }

export function mountPress(callbacks) {
  told = callbacks;
  bind("F9", "lead-press", "接管的来电：一键三方，您和群众一起进会议");
}
// Asked of the press itself, which takes matter and place from the ticket: its operator may be writing it still
const newest = inOrder();
async function lookAhead() {
  const call = of;
  const found = await newest(() => get(`${API}/preview?presser=${PRESSER}`)).catch(() => null);
  if (!found || call !== of) return;
  roles = found.roles;
  told.draw();
}
export function pressNews(kind, fact) { if (kind === "TicketChanged" && of && fact.call_id === of) lookAhead(); }

// What stands in the conference's place while there is none; `call` is null where there is nothing to press
export function pressPart(call) {
  if (call !== of) {
    [of, roles] = [call, null];
    if (call) lookAhead();
  }
  if (!call) return [];
  const button = make("button", null, { class: "btn btn-danger", id: "lead-press", type: "button", "data-testid": "lead-press" }, make("span", pressing ? "正在呼叫…" : "一键三方", { class: "label" }), make("kbd", "F9"));
  button.disabled = pressing;
  button.onclick = press;
  return [make("h2", "一键三方"), button, who()].filter(Boolean);
}
function who() {
  if (!roles) return null;
  const line = ({ label, numbers: [first] }) => make("li", `${label}：${first ? `${first.name} ${first.label} ${first.masked}` : "没有可呼叫的号码"}`, first ? {} : { class: "problem" });
  return make("ul", null, { class: "bridge-who", "data-testid": "bridge-who" }, ...roles.map(line));
}
async function press() {
  if (pressing) return;
  pressing = true;
  told.draw();
  try {
    const made = await pressOnce(API, { presser: PRESSER }, [of, told.roomId()]);
    told.problem();
    told.take(made);
  } catch (error) { told.problem(error); } finally { pressing = false; told.draw(); }
}
