// Requests with CSRF; a refusal becomes an Error with the server's sentence and field. Words for times and numbers.
const csrf = document.querySelector("meta[name=csrf]")?.content ?? "";
const PATIENCE_MS = 20_000;
const BOARD_PATIENCE_MS = 8000; // asked again and again: a late answer is worth nothing

export async function ask(method, path, body, patience_ms = PATIENCE_MS, headers = {}) {
  let answer;
  const file = body instanceof FormData; // the browser says how it is cut up
  try {
    answer = await fetch(path, {
      method,
      headers: { "Accept": "application/json", ...(!file && { "Content-Type": "application/json" }), "X-CSRF-Token": csrf, ...headers },
      body: file || body === undefined ? body : JSON.stringify(body),
      signal: AbortSignal.timeout(patience_ms),
    });
  } catch (reason) {
    throw Object.assign(new Error(reason.name === "TimeoutError" ? "服务器没有答复；电话仍可接听" : "网络中断，没有送达；电话仍可接听"), { code: "unreachable" });
  }
  if (answer.status === 401) onSignedOut();
  const data = await answer.json().catch(() => ({}));
  if (!answer.ok) {
    const { message, field, code } = data.error ?? {};
    throw Object.assign(new Error(message ?? `请求没有成功（${answer.status}）`), { field, code, status: answer.status });
  }
  return data;
}
// The session is over: to the sign-in page, unless a page knows better (a call must not be cut)
let onSignedOut = () => location.assign("/login");
export function whenSignedOut(act) { onSignedOut = act; }
export const get = (path) => ask("GET", path);
export const post = (path, body = {}) => ask("POST", path, body);
export const put = (path, body) => ask("PUT", path, body);
// Of one press of a button (press_once.js)
export const newKey = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (one) => one.toString(16).padStart(2, "0")).join("");

// Answers come in another order than they were asked for, now and then: one that is older than what is shown is undefined
export function inOrder() {
  let asked = 0;
  let shown = 0;
  return async (question) => {
    const turn = ++asked;
    const answer = await question();
    if (turn < shown) return undefined;
    shown = turn;
    return answer;
  };
}

// The server's clock: this machine's may be minutes off, and waiting times are read aloud
let skew = 0;
export const now = () => Date.now() + skew;
export async function getBoard() {
  const asked = Date.now();
  const board = await ask("GET", "/api/board", undefined, BOARD_PATIENCE_MS);
  skew = Date.parse(board.now) - (asked + Date.now()) / 2;
  return board;
}

export const byId = (id) => document.getElementById(id);
export function make(tag, text, attributes = {}, ...children) {
  const element = document.createElement(tag);
  if (text !== undefined && text !== null) element.textContent = text;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}
// Writing the same words again would make a screen reader speak them again
export function say(place, words) { if (place.textContent !== words) place.textContent = words; }

const SHANGHAI = { timeZone: "Asia/Shanghai" };
export function moment(iso) {
  if (!iso) return "";
  const parts = new Intl.DateTimeFormat("zh-CN", { ...SHANGHAI, month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit", hour12: false }).formatToParts(new Date(iso));
  const part = (type) => parts.find((one) => one.type === type)?.value;
  return `${part("month")}月${part("day")}日 ${part("hour")}:${part("minute")}`;
}
export const seconds = (iso) => new Date(iso).toLocaleTimeString("zh-CN", { ...SHANGHAI, hour12: false });
export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const hours = Math.floor(whole / 3600);
  const pad = (value) => String(value).padStart(2, "0");
  return `${hours ? `${hours}:` : ""}${pad(Math.floor((whole % 3600) / 60))}:${pad(whole % 60)}`;
}
export function duration(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  return whole < 60 ? `${whole}秒` : `${Math.floor(whole / 60)}分${whole % 60}秒`;
}
export const sinceSeconds = (iso) => (iso ? (now() - Date.parse(iso)) / 1000 : 0);
export const percent = (part, whole) => (whole ? `${Math.round((100 * part) / whole)}%` : "—");
export function grouped(number) {
  if (/^1\d{10}$/.test(number)) return number.replace(/(\d{3})(\d{4})(\d{4})/, "$1 $2 $3");
  if (/^0\d{10}$/.test(number)) return number.replace(/(\d{3})(\d{4})(\d{4})/, "$1 $2 $3");
  if (/^\d{11}$/.test(number)) return number.replace(/(\d{6})(\d{5})/, "$1 $2");
  if (/^\d{8}$/.test(number)) return number.replace(/(\d{4})(\d{4})/, "$1 $2");
  return number;
}
// A caller may withhold the number: that is said, an empty place would look like a fault
export const whoseNumber = (number) => grouped(number) || "号码未显示";
byId("logout")?.addEventListener("click", async () => {
  await post("/logout").catch(() => {});
  location.assign("/login");
});
