// A page is loading, shown, or says why not and offers to try again. Never a dead page.
import { byId } from "./api.js";
import { keepClicks } from "./clicks.js";

export async function open(load) {
  keepClicks();
  const loading = byId("page-loading");
  const failed = byId("page-failed");
  const show = (which) => {
    loading.hidden = which !== "loading";
    failed.hidden = which !== "failed";
    for (const part of document.querySelectorAll("[data-content]")) part.hidden = which !== "content";
  };
  const attempt = async () => {
    show("loading");
    try {
      await load();
      show("content");
    } catch (error) {
      console.warn("page not loaded", error);
      byId("page-failed-reason").textContent = error.message;
      show("failed");
      byId("page-retry").focus();
    }
  };
  byId("page-retry").onclick = attempt;
  await attempt();
}
