// The form works without script; with it, a refusal is shown in place.
import { byId } from "./api.js";
byId("login-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const answer = await fetch("/login", { method: "POST", body: new URLSearchParams(new FormData(event.target)), headers: { Accept: "application/json" } }).catch(() => null);
  if (answer?.ok) location.assign("/");
  else byId("problem").textContent = (await answer?.json().catch(() => null))?.error?.message ?? "网络中断，请重试";
});
