import svelte from "eslint-plugin-svelte";
import globals from "globals";
import ts from "typescript-eslint";
import svelteConfig from "./svelte.config.js";

export default ts.config(
  { ignores: ["dist", "node_modules", "src/generated"] },
  ...ts.configs.strict,
  ...svelte.configs.recommended,
  { languageOptions: { globals: { ...globals.browser } } },
  {
    files: ["**/*.svelte", "**/*.svelte.ts"],
    languageOptions: { parserOptions: { parser: ts.parser, extraFileExtensions: [".svelte"], svelteConfig } },
  },
  {
    // Collections in our state are replaced as a whole, never changed in place.
    files: ["**/*.svelte.ts", "**/*.svelte"],
    rules: { "svelte/prefer-svelte-reactivity": "off" },
  },
  {
    rules: {
      "max-lines": ["error", { max: 400 }],
      "no-undef": "off",
      "@typescript-eslint/consistent-type-imports": "error",
    },
  },
);
