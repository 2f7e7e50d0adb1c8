/** A notice in the corner of the window. Errors stay until they are dismissed. */
export interface ToastNotice {
  id: number;
  kind: "info" | "ok" | "error";
  title: string;
  text: string | undefined;
}

class Toasts {
  shown = $state<ToastNotice[]>([]);
  #next = 1;

  /** Tells that something was done. */
  ok(title: string, text?: string): void {
    this.#show("ok", title, text, 4000);
  }

  /** Tells something worth knowing. */
  info(title: string, text?: string): void {
    this.#show("info", title, text, 5000);
  }

  /** Tells that something could not be done, and the way out. */
  error(title: string, text?: string): void {
    this.#show("error", title, text, undefined);
  }

  dismiss(id: number): void {
    this.shown = this.shown.filter((toast) => toast.id !== id);
  }

  #show(kind: ToastNotice["kind"], title: string, text: string | undefined, stays: number | undefined): void {
    const id = this.#next++;
    const others = this.shown.filter((toast) => toast.title !== title || toast.text !== text);
    this.shown = [...others.slice(-3), { id, kind, title, text }];
    if (stays) window.setTimeout(() => this.dismiss(id), stays);
  }
}

export const toasts = new Toasts();
