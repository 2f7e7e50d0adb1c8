/** What the user chose; `system` follows the desktop. */
export type ThemeChoice = "system" | "light" | "dark" | "contrast";

const PLACE = "cairn.theme";

class Theme {
  choice = $state<ThemeChoice>(remembered());
  /** The theme that is shown. */
  shown = $state<"light" | "dark" | "contrast">("light");

  constructor() {
    for (const query of ["(prefers-color-scheme: dark)", "(prefers-contrast: more)"])
      window.matchMedia(query).addEventListener("change", () => this.#apply());
    // Another window of the program may have chosen.
    window.addEventListener("storage", (event) => {
      if (event.key !== PLACE) return;
      this.choice = remembered();
      this.#apply();
    });
    this.#apply();
  }

  choose(choice: ThemeChoice): void {
    this.choice = choice;
    localStorage.setItem(PLACE, choice);
    this.#apply();
  }

  #apply(): void {
    const matches = (query: string): boolean => window.matchMedia(query).matches;
    if (this.choice !== "system") this.shown = this.choice;
    else if (matches("(prefers-contrast: more)")) this.shown = "contrast";
    else this.shown = matches("(prefers-color-scheme: dark)") ? "dark" : "light";
    document.documentElement.dataset["theme"] = this.shown;
  }
}

function remembered(): ThemeChoice {
  const choice = localStorage.getItem(PLACE);
  return choice === "light" || choice === "dark" || choice === "contrast" ? choice : "system";
}

export const theme = new Theme();
