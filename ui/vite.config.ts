import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

// One page a window: the designer and the monitor on the desktop, the console on every server.
export default defineConfig({
  plugins: [svelte()],
  clearScreen: false,
  // Every host serves at its root. Addresses of files begin there too: the console has pages below folders.
  base: "/",
  build: {
    target: "es2022",
    outDir: "dist",
    emptyOutDir: true,
    // Nothing inline: the content security policy of the hosts allows files of their own only.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 900,
    rolldownOptions: { input: ["designer.html", "monitor.html", "console.html"] },
  },
  test: { include: ["src/**/*.test.ts"], environment: "node" },
  server: { host: "127.0.0.1" },
});
