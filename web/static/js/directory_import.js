// Excel: checked first and shown row by row, then kept whole or not at all.
import { byId, make } from "./api.js";
import { KINDS } from "./directory_kinds.js";

const titles = Object.fromEntries(KINDS.map((kind) => [kind.kind, kind.title]));
const counted = (counts) => Object.entries(counts).map(([kind, count]) => `${titles[kind]} ${count} 行`).join("，");

async function send(file, apply) {
  const body = new FormData();
  body.append("file", file);
  const headers = { "Accept": "application/json", "X-CSRF-Token": document.querySelector("meta[name=csrf]").content };
  const answer = await fetch(`/api/v1/directory/import?apply=${apply ? 1 : 0}`, { method: "POST", headers, body });
  const data = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(data.error?.message ?? `导入没有成功（${answer.status}）`);
  return data;
}

export function mountImport(changed) {
  const dialog = byId("import-dialog");
  const file = byId("import-file");
  const apply = byId("import-apply");
  const clear = () => {
    apply.disabled = true;
    byId("import-errors-part").hidden = true;
    byId("import-problem").textContent = byId("import-summary").textContent = "";
  };
  const show = (report) => {
    byId("import-errors-part").hidden = report.errors.length === 0;
    byId("import-errors").replaceChildren(...report.errors.map((one) => make("tr", null, {}, make("td", one.sheet), make("td", one.row), make("td", one.column), make("td", one.reason))));
    const news = counted(report.written) || "没有新内容";
    const same = counted(report.same);
    byId("import-summary").textContent = report.errors.length ? `有 ${report.errors.length} 处错误，一行也没有导入。请改好后重新选择文件。` : `${report.applied ? "已导入" : "检查通过，将写入"}：${news}${same ? `；不变：${same}` : ""}`;
    apply.disabled = report.applied || report.errors.length > 0;
  };
  const run = async (keep) => {
    clear();
    if (!file.files[0]) return;
    byId("import-summary").textContent = keep ? "正在导入…" : "正在检查…";
    try {
      show(await send(file.files[0], keep));
      if (keep) await changed();
    } catch (error) {
      byId("import-summary").textContent = "";
      byId("import-problem").textContent = error.message;
    }
  };
  file.addEventListener("change", () => run(false));
  apply.onclick = () => run(true);
  byId("import-close").onclick = () => dialog.close();
  return () => { file.value = ""; clear(); dialog.showModal(); };
}
