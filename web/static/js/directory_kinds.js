// What each tab of the directory shows in its table and asks in its form. Field names are the server's.
const sure = (row) => (row.confirmed ? "" : "待确认");
const time = (iso) => (iso ? new Intl.DateTimeFormat("sv-SE", { timeZone: "Asia/Shanghai", dateStyle: "short", timeStyle: "short" }).format(new Date(iso)) : "");

const text = (name, label, more = {}) => ({ name, label, ...more });
const tick = (name, label, on = false) => ({ name, label, type: "checkbox", on });

export const KINDS = [
  {
    kind: "units", title: "单位",
    heads: ["编码", "名称", "类别", "别名", "上级", "电话", "状态"],
    cells: (row) => [row.code, row.name, row.kind, row.aliases.join("、"), row.parent_code, row.numbers, row.active ? sure(row) : "停用"],
    fields: [
      text("code", "编码", { required: true, maxlength: 20 }), text("name", "名称", { required: true, maxlength: 60 }),
      text("kind", "类别", { options: ["部门", "乡镇街道", "公共服务", "紧急服务"] }), text("aliases", "别名（顿号隔开）", { list: true }),
      text("parent_code", "上级单位", { from: "units" }), text("town", "乡镇街道（仅乡镇单位）", { from: "townNames" }),
      text("duty_day", "白班值班电话", { phone: true }), text("duty_night", "夜班值班电话", { phone: true }),
      tick("active", "启用", true), tick("confirmed", "资料已确认"),
    ],
  },
  {
    kind: "contacts", title: "人员",
    heads: ["编号", "姓名", "角色", "职务", "单位", "网格", "电话", "状态"],
    cells: (row) => [row.code, row.name, row.role, row.title, row.unit_name, row.grids.join("、") + (row.leader ? "（网格长）" : ""), row.numbers, row.active ? "" : "停用"],
    fields: [
      text("code", "编号", { required: true, maxlength: 20 }), text("name", "姓名", { required: true, maxlength: 40 }),
      text("role", "角色", { options: ["网格员", "网信", "单位值班", "副职"] }), text("title", "职务", { maxlength: 40 }),
      text("unit_code", "所属单位", { from: "units" }), text("grids", "网格编码（顿号隔开）", { list: true }),
      text("duty", "值班电话", { phone: true }), text("mobile", "手机", { phone: true }), text("deputy", "代班电话", { phone: true }),
      text("login", "登录账号（网格员手机端）", { maxlength: 40 }), tick("leader", "网格长"), tick("active", "启用", true),
    ],
  },
  {
    kind: "grids", title: "网格",
    heads: ["编码", "名称", "层级", "上级", "乡镇街道", "村社区"],
    cells: (row) => [row.code, row.name, row.layer, row.parent_code, row.town, row.village],
    fields: [
      text("code", "编码", { required: true, maxlength: 20 }), text("name", "名称", { required: true, maxlength: 60 }),
      text("layer", "层级", { options: ["网格", "微网格"] }), text("parent_code", "上级网格编码（微网格必填）", { maxlength: 20 }),
      text("town", "乡镇街道", { from: "townNames" }), text("village", "村社区", { from: "villageNames" }),
    ],
  },
  {
    kind: "shifts", title: "排班",
    heads: ["人员", "编号", "开始", "结束"],
    cells: (row) => [row.contact_name, row.contact_code, time(row.starts_at), time(row.ends_at)],
    fields: [
      text("contact_code", "人员编号", { required: true, maxlength: 20, whole: true }),
      text("starts_at", "开始（北京时间）", { required: true, placeholder: "2026-11-24 08:30", time: true }), text("ends_at", "结束（北京时间）", { required: true, placeholder: "2026-11-24 20:30", time: true }),
    ],
  },
  {
    kind: "rules", title: "三方规则",
    heads: ["分类", "乡镇街道", "村社区", "角色", "呼叫单位", "依据", "状态"],
    cells: (row, lists) => [row.category_prefix ? `${row.category_prefix} ${lists.categoryName[row.category_prefix] ?? ""}` : "全部", row.town || "全部", row.village || "全部", lists.roleName[row.role] ?? row.role, row.unit_name || "按地点", row.source, sure(row)],
    fields: [
      text("category_prefix", "分类", { from: "categories" }), text("role", "角色", { from: "roles", need: true }),
      text("town", "乡镇街道", { from: "townNames" }), text("village", "村社区", { from: "villageNames" }),
      text("unit_code", "呼叫单位（空 = 按地点）", { from: "units" }), text("source", "依据", { maxlength: 120 }), tick("confirmed", "规则已确认"),
    ],
  },
];
export const formValue = (field, row) => (field.list ? (row[field.name] ?? []).join("、") : field.time ? time(row[field.name]) : (row[field.name] ?? ""));
