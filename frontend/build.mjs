// Builds what the pages load: static/app.css, the icon sprite, and the vendored scripts and fonts.
// Everything it writes is committed; the same sources give the same bytes.
import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import subsetFont from "subset-font";

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
  const copies = {
    [`${modules}/htmx.org/dist/htmx.min.js`]: "vendor/htmx.js",
    [`${modules}/htmx.org/LICENSE`]: "vendor/htmx.LICENSE",
    [`${modules}/idiomorph/dist/idiomorph-ext.min.js`]: "vendor/idiomorph.js",
    [`${modules}/idiomorph/LICENSE`]: "vendor/idiomorph.LICENSE",
    [`${modules}/lucide-static/LICENSE`]: "vendor/lucide.LICENSE",
    [`${modules}/@fontsource-variable/inter/LICENSE`]: "fonts/inter.LICENSE",
  };
  for (const [from, to] of Object.entries(copies)) copyFileSync(from, `${out}/${to}`);
}

// Inter with the weights and features that the stylesheet uses: half the bytes of the whole.
async function fonts() {
  const inter = `${modules}/@fontsource-variable/inter`;
  const faces = readFileSync(`${inter}/index.css`, "utf8");
  for (const part of ["latin", "latin-ext"]) {
    const ranges = faces.match(new RegExp(`inter-${part}-wght-normal[^}]*unicode-range: ([^;]+);`))[1];
    const letters = ranges.split(",").map((range) => {
      const [first, last] = range.trim().slice("U+".length).split("-").map((code) => Number.parseInt(code, 16));
      return String.fromCodePoint(...Array.from({ length: (last ?? first) - first + 1 }, (_, at) => first + at));
    });
    const cut = await subsetFont(readFileSync(`${inter}/files/inter-${part}-wght-normal.woff2`), letters.join(""), {
      targetFormat: "woff2",
      variationAxes: { wght: { min: 400, max: 700, default: 400 } },
      keepFeatures: ["ccmp", "kern", "mark", "tnum"],
    });
    writeFileSync(`${out}/fonts/inter-4.1-${part}.woff2`, cut);
  }
}

function css() {
  const tailwind = [`${modules}/@tailwindcss/cli/dist/index.mjs`, "--input", "frontend/app.css", "--output", `${out}/app.css`, "--minify"];
  execFileSync(process.execPath, tailwind, { stdio: ["ignore", "ignore", "inherit"] });
  // a rule a line: changes of two people merge, and zipped it weighs the same
  writeFileSync(`${out}/app.css`, readFileSync(`${out}/app.css`, "utf8").replaceAll("}", "}\n"));
}

mkdirSync(`${out}/fonts`, { recursive: true });
icons();
vendor();
await fonts();
css();
