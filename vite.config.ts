// Builds the page into dist/pwa: hashed assets, a service worker with their list, and a budget for what a first visit loads.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { defineConfig, type Plugin } from 'vite';
import { VitePWA } from 'vite-plugin-pwa';

const INITIAL_JS_LIMIT_KB = 60;
const CORE =
  /node_modules\/(?:preact|@preact|preact-iso|idb)\/|\/pwa\/(?:state|client|here|navigate)\.ts|\/pwa\/(?:parts\/(?:text|icon)|text\/visible)\.tsx?|\/pwa\/store\/(?:database|drafts|answer-terms)\.ts|\/shared\/(?:bytes|errors)\.ts|preload-helper/;
const PUBLIC = join(import.meta.dirname, 'public');

/** Copies public/ except public/etc, which is for who runs a relay, not for browsers. */
function publicFiles(): Plugin {
  const files = (folder: string): string[] =>
    readdirSync(join(PUBLIC, folder)).flatMap((name) => {
      const path = folder ? `${folder}/${name}` : name;
      return path === 'etc' ? [] : statSync(join(PUBLIC, path)).isDirectory() ? files(path) : [path];
    });
  return {
    name: 'clawtab-public',
    generateBundle() {
      for (const path of files('')) this.emitFile({ type: 'asset', fileName: path, source: readFileSync(join(PUBLIC, path)) });
    },
    configureServer(server) {
      server.middlewares.use((request, response, next) => {
        const path = (request.url ?? '').split('?')[0]!.slice(1);
        if (!files('').includes(path)) return next();
        response.setHeader(
          'Content-Type',
          path.endsWith('.png') ? 'image/png' : path.endsWith('.svg') ? 'image/svg+xml' : 'application/json',
        );
        response.end(readFileSync(join(PUBLIC, path)));
      });
    },
  };
}

/** Prints the JavaScript that a first visit waits for, and fails the build past the limit. */
function budget(): Plugin {
  return {
    name: 'clawtab-budget',
    apply: 'build',
    generateBundle(_options, bundle) {
      const wanted = new Set<string>();
      const visit = (name: string): void => {
        const chunk = bundle[name];
        if (chunk?.type !== 'chunk' || wanted.has(name)) return;
        wanted.add(name);
        chunk.imports.forEach(visit);
      };
      for (const chunk of Object.values(bundle)) if (chunk.type === 'chunk' && chunk.isEntry) visit(chunk.fileName);
      const bytes = [...wanted].reduce((sum, name) => {
        const chunk = bundle[name];
        return chunk?.type === 'chunk' ? sum + gzipSync(chunk.code, { level: 9 }).length : sum;
      }, 0);
      const kB = bytes / 1000;
      console.info(`\ninitial JavaScript: ${kB.toFixed(1)} kB gzip in ${wanted.size} file(s), limit ${INITIAL_JS_LIMIT_KB} kB`);
      if (kB > INITIAL_JS_LIMIT_KB) this.error(`initial JavaScript is ${kB.toFixed(1)} kB gzip; the limit is ${INITIAL_JS_LIMIT_KB} kB`);
    },
  };
}

export default defineConfig({
  root: 'pwa',
  publicDir: false,
  plugins: [
    publicFiles(),
    budget(),
    VitePWA({
      strategies: 'injectManifest',
      srcDir: '.',
      filename: 'sw.ts',
      injectRegister: false,
      manifest: false,
      injectManifest: {
        globPatterns: ['**/*.{html,js,css,svg,png,webmanifest}'],
        // Large parts that only a few screens ask for are kept when they are first used, not up front.
        globIgnores: ['**/zxcvbn-*.js', '**/splash/**'],
        rollupFormat: 'iife',
      },
    }),
  ],
  build: {
    outDir: '../dist/pwa',
    emptyOutDir: true,
    target: 'es2022',
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    rolldownOptions: {
      output: {
        // What the first picture and every later part share is one file: fewer requests before anything is seen.
        codeSplitting: { groups: [{ name: 'core', test: CORE }] },
        // A name to leave it out of the precache by.
        chunkFileNames: (chunk) =>
          chunk.moduleIds.some((id) => id.includes('@zxcvbn-ts')) ? 'assets/zxcvbn-[hash].js' : 'assets/[name]-[hash].js',
      },
    },
    chunkSizeWarningLimit: 1000,
    reportCompressedSize: false,
  },
  worker: { format: 'es' },
});
