import { invoke } from "@tauri-apps/api/core";
import { listen } from "@tauri-apps/api/event";
import { CallError, type CommandName, type Platform } from "./index";
import type { Commands, DesignerEvent } from "../generated/types";

/** Whether the page stands in the desktop window. */
export function isTauri(): boolean {
  return "__TAURI_INTERNALS__" in window;
}

/** The desktop host: one Tauri command carries every call, one Tauri event every event. */
export class TauriPlatform implements Platform {
  async call<Name extends CommandName>(name: Name, input: Commands[Name]["input"]): Promise<Commands[Name]["output"]> {
    try {
      return await invoke<Commands[Name]["output"]>("call", { name, input });
    } catch (thrown) {
      throw CallError.from(thrown);
    }
  }

  async download(stream: Commands["cluster_download"]["input"]): Promise<string | null> {
    return (await this.call("cluster_download", stream)).path;
  }

  listen(heard: (event: DesignerEvent) => void): () => void {
    const stop = listen<DesignerEvent>("cairn-event", ({ payload }) => heard(payload));
    return () => void stop.then((unlisten) => unlisten());
  }

  connection(changed: (connected: boolean) => void): () => void {
    changed(true);
    return () => undefined;
  }
}
