import "../tokens/index.css";
import "../shared/shared.css";
import "../shared/theme.svelte";
