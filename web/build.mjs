// Bundles the browser side: one script a page, one stylesheet. Deterministic, under a second.
import { build } from "esbuild";

const pages = ["login", "seat", "wall", "calls", "call", "tickets", "ticket", "demo_phone", "supervisor", "directory", "grid"];
await build({
  entryPoints: { ...Object.fromEntries(pages.map((page) => [page, `web/static/js/${page}.js`])), app: "web/static/css/app.css" },
  outdir: "web/static/dist",
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  legalComments: "none",
  logLevel: "warning",
});
