// Excel: checked first and shown row by row, then kept whole or not at all.
import { ask, byId, make } from "./api.js";
import { KINDS } from "./directory_kinds.js";

const titles = Object.fromEntries(KINDS.map((kind) => [kind.kind, kind.title]));
const counted = (counts) => Object.entries(counts).map(([kind, count]) => `${titles[kind]} ${count} 行`).join("，");

const PATIENCE_MS = 120_000; // thousands of rows are checked one by one

function send(file, apply) {
  const body = new FormData();
  body.append("file", file);
  return ask("POST", `/api/v1/directory/import?apply=${apply ? 1 : 0}`, body, PATIENCE_MS);
}

export function mountImport(changed) {
  const dialog = byId("import-dialog");
  const file = byId("import-file");
  const apply = byId("import-apply");
  let chosen = null; // as it was read: what is imported is what was checked, whatever becomes of the file
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
    byId("import-summary").textContent = report.errors.length ? `${chosen.name}：有 ${report.errors.length} 处错误，一行也没有导入。请改好后重新选择文件。` : `${chosen.name}：${report.applied ? "已导入" : "检查通过，将写入"}：${news}${same ? `；不变：${same}` : ""}`;
    apply.disabled = report.applied || report.errors.length > 0;
  };
  const run = async (keep) => {
    clear();
    byId("import-summary").textContent = keep ? "正在导入…" : "正在检查…";
    try {
      show(await send(chosen, keep));
      if (keep) await changed();
    } catch (error) {
      byId("import-summary").textContent = "";
      byId("import-problem").textContent = error.message;
    }
  };
  file.addEventListener("change", async () => {
    const [picked] = file.files;
    clear();
    chosen = null;
    try { chosen = picked && new File([await picked.arrayBuffer()], picked.name); } catch { byId("import-problem").textContent = "这个文件读不出来，请重新选择"; }
    file.value = ""; // the corrected file has the same name: without this, choosing it again is no change
    if (chosen) await run(false);
  });
  apply.onclick = () => run(true);
  byId("import-close").onclick = () => dialog.close();
  return () => { chosen = null; clear(); dialog.showModal(); };
}
