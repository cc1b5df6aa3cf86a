// "Whom would a press call?": the rules tried on a matter and a place, nothing is dialled.
import { byId, get, make } from "./api.js";
import { mountTry } from "./directory_words.js";

export function mountWho(lists) {
  const form = byId("who");
  const fill = (select, pairs, first) => select.replaceChildren(new Option(first, ""), ...pairs.map(([value, name]) => new Option(name, value)));
  const villages = () => fill(form.village, lists.villages.filter((one) => !form.town.value || one.town === form.town.value).map((one) => [one.id, one.name]), "（未指明）");
  fill(form.category, lists.options("categories"), "（未分类）");
  fill(form.town, Object.entries(lists.towns), "（未指明）");
  villages();
  form.town.addEventListener("change", villages);
  mountTry(show);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    byId("who-problem").textContent = "";
    byId("try-answer").replaceChildren();
    try { show(await get(`/api/v1/directory/who?${new URLSearchParams([...new FormData(form)].filter(([, value]) => value))}`)); } catch (error) { byId("who-problem").textContent = error.message; }
  });
}

function show({ roles }) {
  const answer = byId("who-answer");
  answer.replaceChildren(...roles.map((role) => {
    const steps = make("ol");
    steps.append(...role.numbers.map((one) => make("li", `${one.name} ${one.label} ${one.masked}`)));
    const card = make("div", null, { class: "pane", "data-testid": `who-${role.role}` }, make("h2", role.label + (role.confirmed ? "" : "（规则待确认）")), steps);
    if (!role.numbers.length) card.append(make("p", "没有可呼叫的号码，请补充人员或电话", { class: "problem" }));
    return card;
  }));
  if (!roles.length) answer.append(make("p", "没有适用的规则", { class: "problem" }));
}
