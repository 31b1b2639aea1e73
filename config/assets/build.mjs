// Bundles scripts, styles, fonts and the icon sprite into dist/, which Django serves as static files.
import { build } from "esbuild";
import { copyFileSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { icons } from "./icons.mjs";

const out = "dist";
const production = !process.argv.includes("--debug");

// One sprite of the icons in use. Tabler's SVGs come from the JSON edition: 3 MB in one file, where @tabler/icons
// unpacks 74 MB in 20,000 files for the same paths.
function sprite(names) {
  const set = JSON.parse(readFileSync("node_modules/@iconify-json/tabler/icons.json", "utf8"));
  const symbols = names.map((name) => {
    const icon = set.icons[name];
    if (!icon) throw new Error(`Tabler has no icon named ${name}`);
    return `<symbol id="${name}" viewBox="0 0 24 24">${icon.body}</symbol>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("")}</svg>\n`;
}

rmSync(out, { recursive: true, force: true });
await build({
  entryPoints: ["app.js", "head.js", "charts.js", "app.css"],
  outdir: out,
  bundle: true,
  minify: production,
  format: "iife",
  target: ["chrome123", "firefox121", "safari17.5"],
  loader: { ".woff2": "file" },
  assetNames: "[name]",
  legalComments: "linked",
  logLevel: "warning",
});
writeFileSync(`${out}/icons.svg`, sprite(icons));
copyFileSync("mark.svg", `${out}/mark.svg`);
