import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// MUSTER_API points the development server at a running controller; its certificate is usually the
// controller's own, so it is not checked here.
const api = process.env["MUSTER_API"] ?? "https://127.0.0.1:8443";
const door = { target: api, secure: false, changeOrigin: true };

export default defineConfig({
  plugins: [react()],
  server: {
    proxy: {
      "/api": door,
      "/ledger/checkpoint": door,
      "/ledger/tile": door,
    },
  },
  build: {
    target: "es2022",
    assetsInlineLimit: 0, // the content security policy allows no data: address
    modulePreload: { polyfill: false },
    rollupOptions: {
      output: {
        entryFileNames: "assets/[name]-[hash].js",
        chunkFileNames: "assets/[name]-[hash].js",
        assetFileNames: "assets/[name]-[hash][extname]",
      },
    },
  },
});
