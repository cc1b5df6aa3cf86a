// The form works without script; with it, a refusal is shown in place.
import { byId } from "./api.js";

const form = byId("login-form");
const button = form.querySelector("button[type=submit]");
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  button.disabled = true;
  button.textContent = "正在登录…";
  const answer = await fetch("/login", { method: "POST", body: new URLSearchParams(new FormData(form)), headers: { Accept: "application/json" } }).catch(() => null);
  if (answer?.ok) return location.assign("/");
  byId("problem").textContent = (await answer?.json().catch(() => null))?.error?.message ?? "网络中断，请重试";
  button.disabled = false;
  button.textContent = "登录";
});
