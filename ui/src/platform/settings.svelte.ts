import { platform, type DesignerSettings } from "./index";
import { theme } from "../shared/theme.svelte";
import { rememberThrough } from "../shared/memory";

/** The settings of the designer, which every window of it follows. */
class Settings {
  current = $state.raw<DesignerSettings>({
    theme: "system",
    motion: "system",
    keys: {},
    editor: { autosave: false, showGrid: true, snap: true, minimap: true },
    notifications: true,
  });

  /** Asks the host for the settings and for what windows remember, before anything is shown; then follows them. */
  async start(): Promise<void> {
    try {
      const [settings, memory] = await Promise.all([
        platform.call("settings_view", {}),
        platform.call("window_memory", {}),
      ]);
      // Not to remember something is no reason to disturb anybody.
      rememberThrough(memory, (name, value) => {
        platform.call("window_remember", { name, value }).catch(() => undefined);
      });
      this.#take(settings);
    } catch {
      // The window works as it comes; whoever asks the host for more will tell that it does not answer.
    }
    platform.listen((event) => event.event === "settings-changed" && this.#take(event.settings));
  }

  /** Changes some of them. Rejects when they cannot be kept. */
  async change(part: Partial<DesignerSettings>): Promise<void> {
    const settings = { ...this.current, ...part };
    this.#take(settings);
    await platform.call("settings_change", { settings });
  }

  #take(settings: DesignerSettings): void {
    this.current = settings;
    if (settings.theme !== theme.choice) theme.choose(settings.theme);
    document.documentElement.dataset["motion"] = settings.motion;
  }
}

export const settings = new Settings();
