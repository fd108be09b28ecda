// Builds static/build from the style sheets, scripts, fonts and images. Django's manifest storage then adds hashes to the
// names; the site serves only what is built.
import { spawnSync } from "node:child_process";
import { cpSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, "build");
const watch = process.argv.includes("--watch");

rmSync(out, { recursive: true, force: true });
cpSync(join(here, "images"), join(out, "images"), { recursive: true });
cpSync(join(here, "desktop"), join(out, "desktop"), { recursive: true });
// the map's layout runs in a worker of its own, which has to be a file of its own
cpSync(join(here, "..", "node_modules", "elkjs", "lib", "elk-worker.min.js"), join(out, "elk-worker.js"));

function styles() {
  const tailwind = join(here, "..", "node_modules", ".bin", "tailwindcss");
  const run = spawnSync(tailwind, ["-i", join(here, "css", "app.css"), "-o", join(out, "app.css"), "--minify"], {
    stdio: ["ignore", "ignore", "pipe"],
    encoding: "utf8",
  });
  if (run.status !== 0) {
    process.stderr.write(run.stderr);
    process.exit(1);
  }
}

/** @type {import("esbuild").BuildOptions} */
const options = {
  entryPoints: [
    { in: join(here, "js", "app.js"), out: "app" },
    { in: join(here, "js", "workbench.js"), out: "workbench" },
    { in: join(here, "js", "compare.js"), out: "compare" },
    { in: join(here, "js", "teach.js"), out: "teach" },
    { in: join(here, "js", "embed.js"), out: "embed" },
    { in: join(here, "js", "embed-script.js"), out: "embed-script" },
    { in: join(here, "js", "wall.js"), out: "wall" },
    { in: join(here, "js", "theme.js"), out: "theme" },
    { in: join(here, "css", "vendor.css"), out: "vendor" },
    { in: join(here, "css", "panel.css"), out: "panel" },
  ],
  outdir: out,
  bundle: true,
  splitting: true,
  format: "esm",
  target: ["es2022"],
  minify: !watch,
  loader: { ".woff2": "file" },
  assetNames: "fonts/[name]-[hash]",
  chunkNames: "chunks/[name]-[hash]",
  logLevel: "warning",
};

if (watch) {
  const context = await esbuild.context(options);
  await context.watch();
  spawnSync(join(here, "..", "node_modules", ".bin", "tailwindcss"), [
    "-i",
    join(here, "css", "app.css"),
    "-o",
    join(out, "app.css"),
    "--watch=always",
  ]);
} else {
  await esbuild.build(options);
  styles();
}
