// The centre's own words of danger: a list, a line to add one. And a sentence to try: what the machine would make of it.
import { ask, byId, get, make, moment, post } from "./api.js";

export async function showWords() {
  await tried(async () => {
    const { meanings, words } = await get("/api/v1/words");
    const select = byId("word-form")?.elements.meaning;
    if (select && !select.options.length) select.append(...meanings.map((one) => new Option(one.label, one.key)));
    byId("word-rows").replaceChildren(...words.map(line));
    byId("words-empty").hidden = words.length > 0;
  });
}
function line(word) {
  const last = make("td");
  if (byId("word-form")) {
    const remove = make("button", "删除", { class: "btn btn-sm btn-outline-danger", type: "button", "aria-label": `删除 ${word.word}` });
    remove.onclick = () => confirm(`不再把“${word.word}”当作${word.label}？`) && tried(async () => { await ask("DELETE", `/api/v1/words/${word.id}`); await showWords(); });
    last.append(remove);
  }
  return make("tr", null, { "data-testid": "row-words" }, make("td", word.word), make("td", word.label), make("td", word.source), make("td", moment(word.added_at)), last);
}
async function tried(work) {
  byId("words-problem").textContent = "";
  try { await work(); } catch (error) { byId("words-problem").textContent = error.message; }
}
export function mountWords() {
  byId("word-form")?.addEventListener("submit", (event) => {
    event.preventDefault();
    const { word, meaning, source } = event.target.elements;
    tried(async () => {
      await post("/api/v1/words", { word: word.value.trim(), meaning: meaning.value, source: source.value.trim() });
      event.target.reset();
      word.focus();
      await showWords();
    });
  });
}

// `show(roles)` draws whom a press would call
export function mountTry(show) {
  byId("try").addEventListener("submit", async (event) => {
    event.preventDefault();
    byId("who-problem").textContent = "";
    const button = event.submitter;
    button.disabled = true;
    try { draw(await post("/api/v1/words/try", { text: event.target.elements.text.value }), show); } catch (error) { byId("who-problem").textContent = error.message; } finally { button.disabled = false; }
  });
}
function draw(found, show) {
  const { danger, category, town, village } = found;
  const alarm = ["E1", "E2"].includes(danger.class);
  const facts = [
    ["险情", `${danger.label}（${Math.round(100 * danger.confidence)}%）${danger.words ? `：“${danger.words}”` : ""}`],
    ["类型", found.fields.type], ["分类", category.name && `${category.code} ${category.name}`],
    ["地点", [town.name, village.name, found.fields.place_detail].filter(Boolean).join(" ")],
    ["电话", found.fields.phone], ["时间", found.fields.event_time], ["保密", found.secret ? "是" : ""],
  ].filter(([, value]) => value);
  byId("try-answer").replaceChildren(
    make("p", alarm ? "▲ 会弹出险情提示，建议一键三方" : "不会弹出险情提示", { class: alarm ? "try-alarm" : "quiet text-start p-0", "data-testid": "try-alarm" }),
    make("dl", null, { class: "try-facts" }, ...facts.flatMap(([name, value]) => [make("dt", name), make("dd", value)])),
    ...(found.model ? [] : [make("p", `只按词表判断：${found.reason ?? "没有模型"}`, { class: "problem" })]),
  );
  show({ roles: found.roles });
}
