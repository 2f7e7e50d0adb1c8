import { CallError, type CommandName, type Platform } from "./index";
import { downloadFrom } from "../shared/download";
import type { CommandError, Commands, DesignerEvent } from "../generated/types";

/** The loopback host (`cairn design`): calls are POSTs, events a stream. A cookie says who we are. */
export class HttpPlatform implements Platform {
  #heard = new Set<(event: DesignerEvent) => void>();
  #changed = new Set<(connected: boolean) => void>();
  #source: EventSource | undefined;
  #connected = true;

  async call<Name extends CommandName>(name: Name, input: Commands[Name]["input"]): Promise<Commands[Name]["output"]> {
    let reply: Response;
    try {
      reply = await fetch(`call/${name}`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(input),
      });
    } catch {
      throw unreachable();
    }
    const text = await reply.text();
    if (reply.ok) return (text === "" ? null : JSON.parse(text)) as Commands[Name]["output"];
    throw CallError.from(parse(text) ?? unreachable(reply.status));
  }

  /** The browser asks where, or does not, as it is set to. */
  download(stream: Commands["cluster_download"]["input"]): Promise<null> {
    const query = new URLSearchParams(Object.entries(stream).map(([name, value]) => [name, String(value)]));
    downloadFrom(`download?${query.toString()}`);
    return Promise.resolve(null);
  }

  listen(heard: (event: DesignerEvent) => void): () => void {
    this.#heard.add(heard);
    this.#open();
    return () => this.#heard.delete(heard);
  }

  connection(changed: (connected: boolean) => void): () => void {
    this.#changed.add(changed);
    this.#open();
    changed(this.#connected);
    return () => this.#changed.delete(changed);
  }

  #open(): void {
    if (this.#source) return;
    this.#source = new EventSource("events");
    this.#source.onmessage = ({ data }: MessageEvent<string>) => {
      const event = JSON.parse(data) as DesignerEvent;
      for (const heard of this.#heard) heard(event);
    };
    this.#source.onopen = () => this.#tell(true);
    // The browser tries again by itself, unless the host refused us.
    this.#source.onerror = () => this.#tell(false);
  }

  #tell(connected: boolean): void {
    if (connected === this.#connected) return;
    this.#connected = connected;
    for (const changed of this.#changed) changed(connected);
  }
}

function parse(text: string): CommandError | undefined {
  try {
    const error: unknown = JSON.parse(text);
    return typeof error === "object" && error !== null && "code" in error ? (error as CommandError) : undefined;
  } catch {
    return undefined;
  }
}

function unreachable(status?: number): CallError {
  const message =
    status === 401 || status === 403
      ? "This page is not signed in to its host. Open the address that `cairn design` printed."
      : "The program behind this page does not answer. Is `cairn design` still running?";
  return new CallError({ code: "host/unreachable", message });
}
