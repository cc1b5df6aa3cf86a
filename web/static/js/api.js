// Requests with CSRF; a refusal becomes an Error with the server's sentence and field.
let csrf = document.querySelector("meta[name=csrf]")?.content ?? "";

export async function ask(method, path, body) {
  let answer;
  try {
    answer = await fetch(path, {
      method,
      headers: { "Accept": "application/json", "Content-Type": "application/json", "X-CSRF-Token": csrf },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    throw new Error("网络中断，没有送达；电话仍可接听");
  }
  if (answer.status === 401) location.assign("/login");
  const data = await answer.json().catch(() => ({}));
  if (!answer.ok) {
    const error = new Error(data.error?.message ?? `请求没有成功（${answer.status}）`);
    error.field = data.error?.field;
    error.code = data.error?.code;
    throw error;
  }
  return data;
}
export const get = (path) => ask("GET", path);
export const post = (path, body = {}) => ask("POST", path, body);
export const put = (path, body) => ask("PUT", path, body);

export const byId = (id) => document.getElementById(id);
export function make(tag, text, attributes = {}) {
  const element = document.createElement(tag);
  if (text !== undefined && text !== null) element.textContent = text;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

const SHANGHAI = { timeZone: "Asia/Shanghai" };
export function moment(iso) {
  if (!iso) return "";
  const parts = new Intl.DateTimeFormat("zh-CN", { ...SHANGHAI, month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit", hour12: false }).formatToParts(new Date(iso));
  const part = (type) => parts.find((one) => one.type === type)?.value;
  return `${part("month")}月${part("day")}日 ${part("hour")}:${part("minute")}`;
}
export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  return `${String(Math.floor(whole / 60)).padStart(2, "0")}:${String(whole % 60).padStart(2, "0")}`;
}
export const sinceSeconds = (iso) => (iso ? (Date.now() - Date.parse(iso)) / 1000 : 0);
export function grouped(number) {
  if (/^1\d{10}$/.test(number)) return number.replace(/(\d{3})(\d{4})(\d{4})/, "$1 $2 $3");
  if (/^\d{11}$/.test(number)) return number.replace(/(\d{6})(\d{5})/, "$1 $2");
  return number;
}
byId("logout")?.addEventListener("click", async () => {
  await post("/logout").catch(() => {});
  location.assign("/login");
});
