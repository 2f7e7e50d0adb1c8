/**
 * The one door from the user interface to its host: calls go out, events come in. Which host it is (the desktop
 * window, or a browser on `cairn design`) is known here and nowhere else.
 */
import { HttpPlatform } from "./http";
import { isTauri, TauriPlatform } from "./tauri";
import type { CommandError, Commands, DesignerEvent } from "../generated/types";

export type * from "../generated/types";

/** The name of a command. */
export type CommandName = keyof Commands;

export interface Platform {
  /** Asks the host to do something. Rejects with a {@link CallError}. */
  call<Name extends CommandName>(name: Name, input: Commands[Name]["input"]): Promise<Commands[Name]["output"]>;

  /** Keeps a saved stream as a file of its user's. Answers which, where the host can tell and the user did not give up. */
  download(stream: Commands["cluster_download"]["input"]): Promise<string | null>;

  /** Hears every event of the host until the returned function is called. */
  listen(heard: (event: DesignerEvent) => void): () => void;

  /**
   * Tells whether the host can be heard, now and at every change, until the returned function is called. After a
   * gap what is shown may be old: ask again.
   */
  connection(changed: (connected: boolean) => void): () => void;
}

/** Why a call failed. `code` is stable; decide by it, show the message. */
export class CallError extends Error {
  readonly code: string;
  readonly place: CommandError["place"];

  constructor(error: CommandError) {
    super(asSentence(error.message));
    this.name = "CallError";
    this.code = error.code;
    this.place = error.place;
  }

  /** Makes whatever was thrown a `CallError`. */
  static from(thrown: unknown): CallError {
    if (thrown instanceof CallError) return thrown;
    if (typeof thrown === "object" && thrown !== null && "code" in thrown && "message" in thrown)
      return new CallError(thrown as CommandError);
    return new CallError({ code: "host/unreachable", message: String(thrown) });
  }
}

/** Messages of the command line begin in lower case; here they stand alone. Names and paths stay as they are. */
export function asSentence(text: string): string {
  return /^[a-z]+ /.test(text) ? text.charAt(0).toUpperCase() + text.slice(1) : text;
}

let door: Platform | undefined;

/** Puts another door in place before the first call; for tests. */
export function usePlatform(platform: Platform): void {
  door = platform;
}

function opened(): Platform {
  return (door ??= isTauri() ? new TauriPlatform() : new HttpPlatform());
}

export const platform: Platform = {
  call: (name, input) => opened().call(name, input),
  download: (stream) => opened().download(stream),
  listen: (heard) => opened().listen(heard),
  connection: (changed) => opened().connection(changed),
};
