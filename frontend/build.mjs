// Builds what the pages load: static/app.css, the icon sprite, and the vendored scripts and fonts.
// Everything it writes is committed; the same sources give the same bytes.
import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";

const modules = "node_modules";
const out = process.argv[2] ?? "static";

function icons() {
  const names = readFileSync("frontend/icons.txt", "utf8").split("\n").filter(Boolean);
  const symbols = names.map((name) => {
    const file = `${modules}/lucide-static/icons/${name}.svg`;
    if (!existsSync(file)) throw new Error(`Lucide has no icon "${name}" (frontend/icons.txt)`);
    const shapes = readFileSync(file, "utf8").replace(/<!--.*?-->/s, "").match(/<svg[^>]*>(.*)<\/svg>/s)[1];
    return `<symbol id="${name}" viewBox="0 0 24 24">${shapes.replace(/\s*\n\s*/g, "").replace(/ \/>/g, "/>")}</symbol>`;
  });
  const credit = "<!-- Cut from Lucide (ISC licence, https://lucide.dev/license) -->";
  writeFileSync(`${out}/icons.svg`, `<svg xmlns="http://www.w3.org/2000/svg">${credit}\n${symbols.join("\n")}\n</svg>\n`);
}

function vendor() {
  mkdirSync(`${out}/vendor`, { recursive: true });
  mkdirSync(`${out}/fonts`, { recursive: true });
  const inter = `${modules}/@fontsource-variable/inter`;
  const copies = {
    [`${modules}/htmx.org/dist/htmx.min.js`]: "vendor/htmx.js",
    [`${modules}/htmx.org/LICENSE`]: "vendor/htmx.LICENSE",
    [`${modules}/idiomorph/dist/idiomorph-ext.min.js`]: "vendor/idiomorph.js",
    [`${modules}/idiomorph/LICENSE`]: "vendor/idiomorph.LICENSE",
    [`${modules}/lucide-static/LICENSE`]: "vendor/lucide.LICENSE",
    [`${inter}/files/inter-latin-wght-normal.woff2`]: "fonts/inter-4.1-latin.woff2",
    [`${inter}/files/inter-latin-ext-wght-normal.woff2`]: "fonts/inter-4.1-latin-ext.woff2",
    [`${inter}/LICENSE`]: "fonts/inter.LICENSE",
  };
  for (const [from, to] of Object.entries(copies)) copyFileSync(from, `${out}/${to}`);
}

function css() {
  const tailwind = [`${modules}/@tailwindcss/cli/dist/index.mjs`, "--input", "frontend/app.css", "--output", `${out}/app.css`, "--minify"];
  execFileSync(process.execPath, tailwind, { stdio: ["ignore", "ignore", "inherit"] });
  // a rule a line: changes of two people merge, and zipped it weighs the same
  writeFileSync(`${out}/app.css`, readFileSync(`${out}/app.css`, "utf8").replaceAll("}", "}\n"));
}

mkdirSync(out, { recursive: true });
icons();
vendor();
css();
